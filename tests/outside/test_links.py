"""A service without an account: what its mail and its link say, who answers, and what ends it at once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from jose import jwt

from coordination.kit.actor import OutsideLink
from coordination.kit.clock import now, today
from coordination.kit.db import acting
from coordination.kit.errors import NotKnown
from coordination.main import create_app
from coordination.outside import queries, service
from coordination.outside.forms import SendForm
from coordination.outside.rules import Answer, How
from coordination.outside.tokens import AUDIENCE, Link, read, sign
from coordination.referrals.rules import Domain, Refusal
from tests.cast import PASSWORD, Cast
from tests.conftest import TEST_KEY, Base, Browser, settings_for
from tests.directory.make import outside
from tests.households.make import open_household
from tests.notices.post import Letterbox
from tests.referrals.make import note_need

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
        (row,) = self.base.admin("select to_jsonb(o)::text from outside_referral o where id = %s", self.id)
        return row

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
        need_id = note_need(shared_base.engine, worker, household_id, domain)
        with acting(shared_base.engine, worker) as session:
            told = SendForm(service=there, person_name=NAME, contact=PHONE, agreed_on=today(), agreed_how=How.SPOKEN)
            row = service.send(session, household_id, need_id, told)
        sent = Sent(shared_base, cast, household_id, need_id, row.id, email, box)
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
        (line,) = queries.of_need(session, sent.household_id, sent.need_id)
    assert (line.state.label, line.refusal) == ("Refusée", Refusal.CAPACITY.label)


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
    sent.base.admin("update outside_referral set link_until = now() - interval '1 hour' where id = %s", sent.id)
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
    worker, address = sent.cast.ccas.emails["intake"], f"/foyers/{sent.household_id}/besoins/{sent.need_id}/services"
    signed = Browser(visitor.app).sign_in(worker, PASSWORD)
    assert signed.post(f"{address}/{sent.id}/retirer").status_code == 303
    assert visitor.get(sent.path).status_code == 404
    assert visitor.post(f"{sent.path}/renouveler").status_code == 404
    assert signed.post(f"{address}/{sent.id}/retirer").status_code == 409
    assert "Retirée" in signed.get(address).text


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
    sent.base.admin("update outside_referral set claimed_at = now() - interval '11 minutes' where id = %s", sent.id)
    assert sent.post() == (1, 0)
    assert sent.post() == (0, 0)
    assert len(sent.mails) == 1


def test_the_holder_of_a_link_sees_no_table_and_answers_for_no_other_referral(make: Callable[..., Sent]) -> None:
    sent, other = make(), make()
    theirs = read(TEST_KEY, other.token, now())
    assert theirs is not None
    with acting(sent.base.engine, OutsideLink(sent.id, sent.cast.ccas.network_id)) as session:
        for table in ("outside_referral", "outside_service", "household", "person", "need", "referral", "share"):
            assert session.rows(f"select 1 from {table}") == [], table
        assert queries.link_page(session, theirs.link.link_id) is None
        assert service.answer(session, theirs.link.link_id, Answer.ACCEPT, None) is None
        assert not service.renew(session, theirs.link.link_id)
    with acting(sent.base.engine, sent.cast.ccas.people["intake"]) as session:
        assert queries.link_page(session, theirs.link.link_id) is None


def test_a_partner_and_another_network_do_not_see_it(make: Callable[..., Sent]) -> None:
    sent = make()
    for stranger in (sent.cast.epicerie.people["intake"], sent.cast.elsewhere.people["intake"]):
        with acting(sent.base.engine, stranger) as session, pytest.raises(NotKnown):
            queries.outside_of(session, sent.household_id, sent.id)


# ------------------------------------------------------------------ the sender's page


def test_the_page_sends_and_without_a_mail_server_says_so_and_keeps_what_was_typed(
    make: Callable[..., Sent], browser: Callable[[], Browser]
) -> None:
    sent = make()
    there = outside(sent.base.engine, sent.cast.ccas.people["coordinator"], name="Mission locale")
    signed = browser().sign_in(sent.cast.ccas.emails["intake"], PASSWORD)
    address = f"/foyers/{sent.household_id}/besoins/{sent.need_id}/services"
    assert "Mission locale" in signed.get(address).text
    typed = {"service": str(there), "person_name": "Nom tapé", "contact": PHONE, "agreed_on": "01/11/2026"}
    for wrong in ({}, {"agreed_how": "entretien", "agreed_on": "01/01/2999"}):
        answer = signed.post(address, data=typed | wrong)
        assert answer.status_code == 422
        assert "Nom tapé" in answer.text
    answer = signed.post(address, data=typed | {"agreed_how": "entretien"})
    assert answer.status_code == 409
    assert "remettez la fiche en main propre" in answer.text
    settings = settings_for(sent.base.app_url).model_copy(
        update={"smtp_url": sent.box.mailer.url, "mail_from": "avis@exemple.fr"}
    )
    assert settings.smtp_url is not None
    app = create_app(type(settings).model_validate(settings.model_dump()), sent.base.app_url)
    mailing = Browser(app).sign_in(sent.cast.ccas.emails["intake"], PASSWORD)
    assert mailing.post(address, data=typed | {"agreed_how": "entretien"}).status_code == 303
    assert mailing.post(address, data=typed | {"agreed_how": "entretien"}).status_code == 409
    assert "Mission locale" in mailing.get(address).text
