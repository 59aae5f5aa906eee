"""A service without an account: what its mail and its link say, who answers, and what ends it at once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from jose import jwt

from coordination.directory.forms import ServiceForm
from coordination.directory.service import change
from coordination.kit.actor import OutsideLink
from coordination.kit.clock import now
from coordination.kit.db import acting
from coordination.notices import queries as notices
from coordination.notices.rules import Step
from coordination.notices.service import opened, tell_news
from coordination.outside import queries, service
from coordination.outside.rules import Answer, Mail
from coordination.outside.tokens import AUDIENCE, Link, read, sign
from coordination.referrals import moves
from coordination.referrals import queries as referrals
from coordination.referrals import service as sending
from coordination.referrals.machine import LINK_VERBS, MOVES, ROW_FACTS, Side, State, facts_of
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain, NeedState, Outcome, Refusal
from coordination.sharing.service import withdraw_agreement
from tests.cast import PASSWORD, Cast
from tests.conftest import TEST_KEY, Base, Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.notices.post import Letterbox
from tests.referrals.make import note_need
from tests.sharing.make import agree

T = State
ADDRESS = "https://reseau.exemple.fr"
NAME, PHONE = "Sophie Martin", "06 00 00 00 01"


@dataclass
class Sent:
    """One referral, the link that was mailed, and everything around it."""

    base: Base
    cast: Cast
    household_id: UUID
    need_id: UUID
    id: UUID
    service_id: UUID
    agreement_id: UUID
    email: str
    box: Letterbox

    @property
    def mails(self) -> list[str]:
        return [letter.get_content() for letter in self.box.to(self.email)]  # type: ignore[attr-defined]

    @property
    def token(self) -> str:
        found = re.search(r"/lien/(\S+)", self.mails[-1])
        assert found is not None
        return found.group(1)

    @property
    def path(self) -> str:
        return f"/lien/{self.token}"

    def post(self) -> tuple[int, int]:
        return service.post_links(self.base.engine, self.box.mailer, ADDRESS, TEST_KEY)

    def stored(self) -> tuple[object, ...]:
        (row,) = self.base.admin(
            "select to_jsonb(r)::text || to_jsonb(l)::text from referral r join referral_link l on l.referral_id = r.id"
            " where r.id = %s",
            self.id,
        )
        return row

    @property
    def need_state(self) -> NeedState:
        with acting(self.base.engine, self.cast.ccas.people["intake"]) as session:
            return referrals.need_of(session, self.household_id, self.need_id).state

    def lines(self) -> list[tuple[object, ...]]:
        return self.base.admin(
            "select verb, actor_kind, actor_id from journal where subject_id = %s order by number", str(self.id)
        )


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with Letterbox() as opened:
        yield opened


@pytest.fixture
def make(shared_base: Base, cast: Cast, box: Letterbox) -> Callable[..., Sent]:
    def made(domain: Domain = Domain.HOUSING, *, mailed: bool = True) -> Sent:
        worker = cast.ccas.people["intake"]
        email = f"{uuid4().hex[:8]}@service.exemple.fr"
        there = outside(shared_base.engine, cast.ccas.people["coordinator"], email=email, domains=["logement"])
        household_id = open_household(shared_base.engine, worker)
        parts = ("identity", "sensitive") if domain.sensitive else ("identity",)
        agreed = agree(shared_base.engine, worker, household_id, [there], parts)
        need_id = note_need(shared_base.engine, worker, household_id, domain)
        with acting(shared_base.engine, worker) as session:
            row = sending.send_referral(session, need_id, there, reach=Reach(NAME, PHONE))
        sent = Sent(shared_base, cast, household_id, need_id, row.id, there, agreed, email, box)
        if mailed:
            assert sent.post() == (1, 0)
        return sent

    return made


@pytest.fixture
def visitor(browser: Callable[[], Browser]) -> Browser:
    return browser()


def test_the_mail_names_nobody_and_the_page_shows_the_strict_minimum(
    make: Callable[..., Sent], visitor: Browser
) -> None:
    sent = make()
    (words,) = sent.mails
    for secret in ("Martin", "Sophie", PHONE, "Carvin", "loyer", "ogement"):
        assert secret not in words
    answer = visitor.get(sent.path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "Logement" in answer.text
    assert "Carvin" in answer.text
    assert "Martin" not in answer.text
    assert PHONE not in answer.text


def test_a_sensitive_domain_is_never_said(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make(Domain.VIOLENCE)
    shown = visitor.get(sent.path).text
    assert "Précisé de vive voix" in shown
    assert "iolence" not in shown


def test_opening_the_link_changes_nothing(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    before = (sent.stored(), sent.lines())
    for _ in range(3):
        visitor.get(sent.path)
    assert (sent.stored(), sent.lines()) == before


def test_the_button_accepts_then_the_name_and_contact_are_shown_and_the_journal_names_the_link(
    make: Callable[..., Sent], visitor: Browser
) -> None:
    sent = make()
    assert visitor.post(sent.path, data={"answer": "accept"}).status_code == 303
    shown = visitor.get(sent.path).text
    assert NAME in shown
    assert PHONE in shown
    assert sent.lines()[-1] == ("outside.accept", "outside_link", str(sent.id))
    again = visitor.post(sent.path, data={"answer": "refuse", "reason": "hors_criteres"})
    assert again.status_code == 409
    assert "déjà répondu : « Acceptée »" in again.text.replace("\u00a0", " ")
    assert [verb for verb, _, _ in sent.lines()].count("outside.accept") == 1
    assert len(sent.lines()) == 2


def test_it_refuses_with_a_reason_or_asks_first(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    assert visitor.post(sent.path, data={"answer": "ask"}).status_code == 303
    for wrong in ({"answer": "refuse"}, {"answer": "refuse", "reason": "bof"}, {"answer": "burn"}, {}):
        assert visitor.post(sent.path, data=wrong).status_code == 422
    assert visitor.post(sent.path, data={"answer": "refuse", "reason": "capacite_atteinte"}).status_code == 303
    assert NAME not in visitor.get(sent.path).text
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        view = referrals.show(session, sent.id)
    assert (view.line.state, view.line.row.refusal) == (State.REFUSED, Refusal.CAPACITY)
    assert [(m.verb, m.organisation) for m in view.moves] == [
        ("refuse", "Point justice (par son lien)"),
        ("ask", "Point justice (par son lien)"),
        ("send", "CCAS"),
    ]
    assert sent.need_state is NeedState.AGAIN


def test_the_sender_is_told_and_the_service_says_how_it_ended(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    visitor.post(sent.path, data={"answer": "accept"})
    assert sent.need_state == "in_progress"
    tell_news(sent.base.engine)
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        heard = [line for line in notices.mine(session) if opened(session, line.id).referral_id == sent.id]
        assert [line.label for line in heard] == [Step.MOVED.label]
    assert visitor.post(sent.path, data={"answer": "close"}).status_code == 422
    assert visitor.post(sent.path, data={"answer": "close", "outcome": "got_help"}).status_code == 303
    shown = visitor.get(sent.path).text
    assert "Terminée" in shown
    assert NAME not in shown
    assert sent.need_state == "met"
    assert [verb for verb, _, _ in sent.lines()] == ["referral.send", "outside.accept", "outside.close"]
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        row, facts = session.get_one(Referral, sent.id), facts_of(referrals.history(session, sent.id))
        assert {name: getattr(row, name) for name in ROW_FACTS} == {name: getattr(facts, name) for name in ROW_FACTS}
        assert row.household_due == "answer"


def test_the_door_opens_the_moves_of_the_table_and_no_other(make: Callable[..., Sent]) -> None:
    sent = make()
    known = read(TEST_KEY, sent.token, now())
    assert known is not None
    codes = {"accept": None, "refuse": "hors_criteres", "ask": "rappel", "close": "partial"}
    for verb in LINK_VERBS:
        legal = {s: m.target for m in MOVES if m.verb == verb and Side.RECEIVER in m.by for s in m.sources}
        for state in State:
            sent.base.admin("update referral set state = %s where id = %s", state.value, sent.id)
            with service.holding(sent.base.engine, known.link) as session:
                said = service.answer(session, known.link.link_id, Answer(verb), codes[verb])
                session.rollback()
            ended = (T.CANCELLED, T.REDIRECTED, T.DROPPED, T.EXPIRED, T.REVOKED, T.BY_HAND, T.DISPUTED)
            assert said == (legal.get(state, state) if state not in ended else None), (verb, state)


# ------------------------------------------------------------------ the sender's side


def test_whoever_sent_it_notes_what_the_service_told_her(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    worker = sent.cast.ccas.people["intake"]
    with acting(sent.base.engine, worker) as session:
        row = moves.accept(session, sent.id, 1)
        row = moves.undo(session, sent.id, row.version)
        row = moves.accept(session, sent.id, row.version)
        assert moves.close(session, sent.id, row.version, Outcome.PARTIAL).state == State.CLOSED.value
    assert sent.need_state is NeedState.PARTLY
    with acting(sent.base.engine, worker) as session:
        moves.reopen(session, sent.id, 5)
    tell_news(sent.base.engine)
    assert sent.post() == (1, 0), "sent again, with another link"
    assert visitor.get(sent.path).status_code == 200


def test_without_an_agreement_that_names_it_a_paper_is_handed_over(make: Callable[..., Sent]) -> None:
    sent = make()
    worker = sent.cast.ccas.people["intake"]
    with acting(sent.base.engine, worker) as session:
        withdraw_agreement(session, sent.household_id, sent.agreement_id)
    other = note_need(sent.base.engine, worker, sent.household_id)
    with acting(sent.base.engine, worker) as session:
        row = sending.send_referral(session, other, sent.service_id)
        assert (row.by_hand, row.state) == (True, "by_hand")
        assert moves.close(session, row.id, 1, Outcome.GOT_HELP).state == "closed"
    health = note_need(sent.base.engine, worker, sent.household_id, Domain.HEALTH)
    agree(sent.base.engine, worker, sent.household_id, [sent.service_id])
    with acting(sent.base.engine, worker) as session:
        assert sending.send_referral(session, health, sent.service_id).by_hand, "it says nothing of health"


def test_a_refusal_passes_on_to_a_service_with_what_the_file_says(make: Callable[..., Sent], cast: Cast) -> None:
    """Redirected as a child; where the file gives no number, somebody must say which."""
    sent = make()
    worker = cast.ccas.people["intake"]
    with acting(sent.base.engine, worker) as session:
        moves.refuse(session, sent.id, 1, Refusal.CAPACITY)
    other = outside(sent.base.engine, cast.ccas.people["coordinator"], name="Mission locale")
    agree(sent.base.engine, worker, sent.household_id, [other])
    with acting(sent.base.engine, worker) as session:
        moves.redirect(session, sent.id, 2, other)
    ((child, name, contact),) = sent.base.admin(
        "select r.state, l.person_name, l.contact from referral r join referral_link l on l.referral_id = r.id"
        " where r.parent_id = %s",
        sent.id,
    )
    assert (child, name, contact) == ("sent", NAME, PHONE)
    assert sent.post() == (1, 0)
    need = note_need(sent.base.engine, worker, sent.household_id)
    sent.base.admin("update household_profile set phone = '', email = '' where household_id = %s", sent.household_id)
    with pytest.raises(sending.NoContact), acting(sent.base.engine, worker) as session:
        sending.send_referral(session, need, other)


def test_silence_is_reminded_by_a_mail_with_another_link_then_ends(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    first = sent.path
    for said in ("late_at", "risk_at"):
        tell_news(sent.base.engine)
        assert sent.post() == (0, 0)
        sent.base.admin(f"update referral set {said} = now() where id = %s", sent.id)
        tell_news(sent.base.engine)
        tell_news(sent.base.engine)
        assert sent.post() == (1, 0)
    assert visitor.get(first).status_code == 404
    assert visitor.get(sent.path).status_code == 200
    subjects = [letter["Subject"] for letter in sent.box.to(sent.email)]
    assert subjects == [Mail.SENT.subject, Mail.REMINDER.subject, Mail.ABANDON.subject]
    assert not any(secret in words for words in sent.mails for secret in (NAME, "Martin", PHONE, "Carvin", "ogement"))
    sent.base.admin("update referral set expires_at = now() where id = %s", sent.id)
    assert visitor.get(sent.path).status_code == 404
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        assert referrals.show(session, sent.id).line.state is State.EXPIRED


# ------------------------------------------------------------------ links that are worth nothing


def test_a_forged_link_opens_nothing(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make()
    known = read(TEST_KEY, sent.token, now())
    assert known is not None
    until = now() + timedelta(days=1)
    claims = {"aud": AUDIENCE, "sub": str(sent.id), "net": str(known.link.network_id), "exp": int(until.timestamp())}
    for forged in (
        sent.token[:-4] + "AAAA",
        sign("another key", known.link, until),
        jwt.encode({**claims, "jti": str(known.link.link_id)}, TEST_KEY, algorithm="HS512"),
        jwt.encode({**claims, "jti": str(known.link.link_id), "aud": "coordination-api"}, TEST_KEY, algorithm="HS256"),
        jwt.encode(claims, TEST_KEY, algorithm="HS256"),
        sign(TEST_KEY, Link(sent.id, known.link.network_id, uuid4()), until),
        sign(TEST_KEY, Link(make().id, known.link.network_id, known.link.link_id), until),
        sign(TEST_KEY, Link(sent.id, sent.cast.elsewhere.network_id, known.link.link_id), until),
        "x" * 5000,
    ):
        for answer in (visitor.get(f"/lien/{forged}"), visitor.post(f"/lien/{forged}", data={"answer": "accept"})):
            assert answer.status_code == 404, forged
            assert "Ce lien ne sert plus" in answer.text
    assert '"state": "sent"' in str(sent.stored())


def test_an_expired_link_asks_for_another_which_goes_to_the_registered_address_alone(
    make: Callable[..., Sent], visitor: Browser
) -> None:
    sent = make()
    old = sent.path
    sent.base.admin("update referral_link set link_until = now() - interval '1 hour' where referral_id = %s", sent.id)
    assert visitor.get(old).status_code == 410
    assert visitor.post(old, data={"answer": "accept"}).status_code == 410
    assert '"state": "sent"' in str(sent.stored())
    assert "Un nouveau lien part" in visitor.post(f"{old}/renouveler").text
    assert visitor.get(old).status_code == 404
    assert visitor.post(f"{old}/renouveler").status_code == 404
    others = len(sent.box.letters)
    assert sent.post() == (1, 0)
    assert len(sent.box.letters) == others + 1
    assert sent.path != old
    assert visitor.get(sent.path).status_code == 200


def test_the_agreement_withdrawn_ends_the_link_at_once_even_accepted(
    make: Callable[..., Sent], visitor: Browser
) -> None:
    sent = make()
    visitor.post(sent.path, data={"answer": "accept"})
    assert NAME in visitor.get(sent.path).text
    signed = Browser(visitor.app).sign_in(sent.cast.ccas.emails["intake"], PASSWORD)
    withdrawal = f"/foyers/{sent.household_id}/accords/{sent.agreement_id}/retirer"
    assert "vers Point justice, acceptée" in signed.get(withdrawal).text
    assert signed.post(withdrawal).status_code == 303
    assert visitor.get(sent.path).status_code == 404
    assert visitor.post(sent.path, data={"answer": "close", "outcome": "got_help"}).status_code == 404
    assert visitor.post(f"{sent.path}/renouveler").status_code == 404
    shown = signed.get(f"/orientations/{sent.id}").text
    assert "Orientation arrêtée" in shown
    assert "Arrêtée : l’accord du foyer a pris fin" in shown


def test_what_ends_the_senders_own_trust_ends_the_link(make: Callable[..., Sent], visitor: Browser) -> None:
    sent = make(mailed=False)
    sent.base.admin(
        "update share set revoked_at = now() where household_id = %s and scope = 'needs'", sent.household_id
    )
    assert sent.post() == (0, 0)
    assert sent.mails == []


# ------------------------------------------------------------------ the mail, and the wall


def test_a_mail_server_down_loses_nothing(make: Callable[..., Sent]) -> None:
    sent = make(mailed=False)
    sent.box.open = False
    try:
        assert sent.post() == (0, 1)
    finally:
        sent.box.open = True
    assert sent.post() == (0, 0), "it waits ten minutes before it is tried again"
    sent.base.admin(
        "update referral_link set claimed_at = now() - interval '11 minutes' where referral_id = %s", sent.id
    )
    assert sent.post() == (1, 0)
    assert sent.post() == (0, 0)
    assert len(sent.mails) == 1


def test_the_holder_of_a_link_sees_no_table_and_answers_for_no_other_referral(make: Callable[..., Sent]) -> None:
    sent, other = make(), make()
    theirs = read(TEST_KEY, other.token, now())
    assert theirs is not None
    with acting(sent.base.engine, OutsideLink(sent.id, sent.cast.ccas.network_id)) as session:
        for table in (
            "referral_link",
            "agreement_service",
            "outside_service",
            "household",
            "person",
            "need",
            "referral",
            "share",
        ):
            assert session.rows(f"select 1 from {table}") == [], table
        assert queries.link_page(session, theirs.link.link_id) is None
        assert service.answer(session, theirs.link.link_id, Answer.ACCEPT, None) is None
        assert not service.renew(session, theirs.link.link_id)
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        assert queries.link_page(session, theirs.link.link_id) is None


def test_a_partner_and_another_network_do_not_see_it(make: Callable[..., Sent]) -> None:
    sent = make()
    for stranger in (sent.cast.epicerie.people["intake"], sent.cast.elsewhere.people["intake"]):
        with acting(sent.base.engine, stranger) as session:
            assert session.get(Referral, sent.id) is None
            assert session.rows("select 1 from referral_link") == []


def test_the_network_follows_it_by_its_code_and_a_service_no_longer_used_opens_nothing(
    make: Callable[..., Sent], visitor: Browser
) -> None:
    sent = make()
    with acting(sent.base.engine, sent.cast.bonne_action.people["coordinator"]) as session:
        line = referrals.show(session, sent.id).line
        assert (line.name, line.receiver) == (None, "Point justice")
    with acting(sent.base.engine, sent.cast.ccas.people["coordinator"]) as session:
        told = {"name": "Point justice", "email": sent.email, "domains": ["logement"], "ended": True}
        change(session, sent.service_id, ServiceForm.model_validate(told))
    assert visitor.get(sent.path).status_code == 404


def test_whoever_writes_another_address_on_its_record_turns_no_referral_aside(make: Callable[..., Sent]) -> None:
    """An admin reads no file at all: with her own address there, the next link would have told her a name."""
    sent = make()
    hers = f"{uuid4().hex[:8]}@ailleurs.exemple.fr"
    with acting(sent.base.engine, sent.cast.bonne_action.people["admin"]) as session:
        told = {"name": "Point justice", "email": hers, "domains": ["logement"], "version": 1}
        change(session, sent.service_id, ServiceForm.model_validate(told))
    known = read(TEST_KEY, sent.token, now())
    assert known is not None
    with service.holding(sent.base.engine, known.link) as session:
        assert service.renew(session, known.link.link_id)
        session.commit()
    before = len(sent.mails)
    assert sent.post() == (1, 0)
    assert (len(sent.mails), sent.box.to(hers)) == (before + 1, [])


# ------------------------------------------------------------------ the sender's page


def test_the_page_of_the_need_proposes_it_and_keeps_what_was_typed(
    make: Callable[..., Sent], browser: Callable[[], Browser]
) -> None:
    sent = make()
    there = outside(
        sent.base.engine, sent.cast.ccas.people["coordinator"], name="Accueil de jour", domains=["logement"]
    )
    agree(sent.base.engine, sent.cast.ccas.people["intake"], sent.household_id, [there])
    sent.base.admin("update household_profile set phone = '', email = '' where household_id = %s", sent.household_id)
    signed = browser().sign_in(sent.cast.ccas.emails["intake"], PASSWORD)
    address = f"/foyers/{sent.household_id}/besoins/{sent.need_id}/orienter"
    page = signed.get(address).text
    ((written_to,),) = sent.base.admin("select email from outside_service where id = %s", there)
    said = f"Répond à ce besoin dans cette commune. Sans compte : il répond par un lien, envoyé à {written_to}, comme"
    assert said in page
    typed = {"partners": str(there), "reach_name": "Nom tapé"}
    answer = signed.post(address, data=typed)
    assert answer.status_code == 422
    assert "Nom tapé" in answer.text
    assert "comment joindre la personne" in answer.text
    assert signed.post(address, data=typed | {"reach_contact": PHONE}).status_code == 303
    assert signed.post(address, data=typed | {"reach_contact": PHONE}).status_code == 422
    queue = signed.get(f"/orientations?cote=envoyees&partenaire={there}").text
    assert queue.count("Accueil de jour") > 1
    one = signed.get(f"/orientations/{sent.id}").text
    assert "Le lien du service" in one
    assert "Noter que le service accepte" in one
