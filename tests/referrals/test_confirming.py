"""The household is asked what became of a closed referral: at the desk, by telephone, through a link on paper."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest

from coordination.kit.actor import HouseholdLink, Member, Nobody
from coordination.kit.clock import frozen, now
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.qr import qr_png, qr_svg
from coordination.notices.service import tell_news
from coordination.referrals import confirming, moves, queries
from coordination.referrals.baskets import basket_of
from coordination.referrals.household import Explanation, Said, due_now
from coordination.referrals.machine import Side, State
from coordination.referrals.models import Referral
from coordination.referrals.rules import NeedState, Outcome
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree

ADDRESS = "https://reseau.exemple.fr"


@dataclass
class Closed:
    """One referral from the CCAS to the grocery, closed by the grocery."""

    base: Base
    sender: Member
    receiver: Member
    coordinator: Member
    household_id: UUID
    need_id: UUID
    id: UUID

    def row(self) -> Referral:
        with acting(self.base.engine, self.sender) as session:
            return session.get_one(Referral, self.id)

    def does(self, who: Member, deed: Callable[..., object], *given: object) -> None:
        with acting(self.base.engine, who) as session:
            deed(session, self.id, session.get_one(Referral, self.id).version, *given)

    def link(self) -> str:
        """A link given by the sender: its secret."""
        with acting(self.base.engine, self.sender) as session:
            address = confirming.paper_link(session, session.get_one(Referral, self.id), ADDRESS)
        return address.removeprefix(f"{ADDRESS}/reponse/")

    def answer(self, secret: str, said: Said, call_back: bool = False) -> bool:
        link = confirming.opened(self.base.engine, secret)
        return link is not None and confirming.answer_by_link(self.base.engine, link, secret, said, call_back)

    def basket(self, side: Side = Side.SENDER) -> str:
        """Where it stands; `test_queue` holds the lists to the same rule."""
        row, at = self.row(), now()
        due = due_now(row.household_due, row.ask_from, row.closed_at, at, confirming.policy().asked_within)
        found = basket_of(side, State(row.state), queries.clocks_of(row), at, alone=True, due=due)
        assert found is not None
        return found.key

    def need(self) -> NeedState:
        with acting(self.base.engine, self.sender) as session:
            return queries.need_of(session, self.household_id, self.need_id).state

    def journal(self) -> list[tuple[object, ...]]:
        return self.base.admin(
            "select verb, actor_kind from journal where subject_id = %s order by number", str(self.id)
        )[3:]


@pytest.fixture
def close(shared_base: Base, cast: Cast) -> Callable[..., Closed]:
    def closed(outcome: Outcome = Outcome.GOT_HELP) -> Closed:
        sender, receiver = cast.ccas.people["intake"], cast.epicerie.people["volunteer"]
        household_id = open_household(shared_base.engine, sender)
        agree(shared_base.engine, sender, household_id, [cast.epicerie])
        row = refer(shared_base.engine, sender, household_id, cast.epicerie)
        coordinator = cast.bonne_action.people["coordinator"]
        made = Closed(shared_base, sender, receiver, coordinator, household_id, row.need_id, row.id)
        made.does(receiver, moves.accept)
        made.does(receiver, moves.close, outcome)
        return made

    return closed


# ------------------------------------------------------------------ at the desk, by telephone


def test_a_yes_confirms_and_leaves_the_referral_closed(close: Callable[..., Closed]) -> None:
    one = close(Outcome.PARTIAL)
    assert one.basket() == "a-confirmer"
    assert one.basket(Side.COORDINATOR) == "terminees"
    one.does(one.sender, confirming.record, Said.YES, True)
    assert one.basket() == "a-rappeler"
    assert one.need() is NeedState.MET
    one.does(one.sender, moves.recall)
    assert one.basket() == "terminees"
    with pytest.raises(NotNow):
        one.does(one.receiver, confirming.record, Said.NO, False)
    with pytest.raises(NotNow):
        one.does(one.sender, moves.recall)
    assert one.journal() == [("referral.confirm", "member"), ("referral.recall", "member")]


def test_a_no_opens_it_again_for_the_sender_and_the_coordinator_who_explain_or_send_again(
    close: Callable[..., Closed],
) -> None:
    one = close()
    one.does(one.receiver, confirming.record, Said.PARTLY, False)
    assert one.row().state == State.DISPUTED
    assert one.need() is NeedState.DISPUTED
    assert {one.basket(side) for side in Side} == {"desaccord"}
    for deed, given in ((moves.explain, (Explanation.PART,)), (moves.cancel, ())):
        with pytest.raises(NotNow):
            one.does(one.receiver if deed is moves.explain else one.sender, deed, *given)
    one.does(one.coordinator, moves.explain, Explanation.PART)
    assert (one.row().state, one.row().outcome, one.need()) == (State.CLOSED, Outcome.PARTIAL, NeedState.PARTLY)
    one.does(one.coordinator, moves.undo)
    one.does(one.sender, moves.reopen)
    assert (one.row().state, one.row().household_says, one.row().outcome) == (State.SENT, None, None)


def test_calls_nobody_answers_are_counted_dated_and_end(close: Callable[..., Closed]) -> None:
    one = close()
    asked = confirming.policy()
    for tried in range(1, asked.attempts):
        one.does(one.sender, confirming.not_reached)
        assert one.basket() == "terminees", "not again at once"
        with frozen(now() + timedelta(days=asked.again)):
            assert one.basket() == "a-confirmer"
        with acting(one.base.engine, one.sender) as session:
            assert len(confirming.attempts(queries.history(session, one.id))) == tried
    one.does(one.sender, confirming.not_reached)
    one.does(one.sender, moves.undo)
    assert one.basket() == "a-confirmer"
    one.does(one.sender, confirming.not_reached)
    with pytest.raises(NotNow):
        one.does(one.sender, confirming.not_reached)
    with frozen(now() + timedelta(days=asked.again)):
        assert one.basket() == "terminees"
    assert [verb for verb, _ in one.journal()].count("referral.unreached") == 2


# ------------------------------------------------------------------ the link


def test_the_household_answers_once_by_its_link_and_may_change_it_a_short_while(close: Callable[..., Closed]) -> None:
    one = close()
    secret = one.link()
    assert secret not in str(one.base.admin("select l::text from confirmation_link l"))
    opened = confirming.opened(one.base.engine, secret)
    assert opened is not None
    assert (opened.asks, opened.answered) == (True, False)
    assert one.answer(secret, Said.NO, True)
    assert one.answer(secret, Said.NO, True), "pressed twice, told once"
    assert one.row().state == State.DISPUTED
    assert one.answer(secret, Said.YES)
    assert (one.row().state, one.row().outcome) == (State.CLOSED, Outcome.GOT_HELP)
    assert one.answer(secret, Said.PARTLY)
    one.base.admin("update referral_event set at = at - interval '2 hours' where referral_id = %s", one.id)
    assert not one.answer(secret, Said.YES)
    later = confirming.opened(one.base.engine, secret)
    assert later is not None
    assert not later.asks
    told = [f"referral.{verb}" for verb in ("dispute", "confirm", "dispute")]
    assert one.journal() == [(verb, "household_link") for verb in told]
    with acting(one.base.engine, one.receiver) as session:
        moved = queries.show(session, one.id).moves[0]
    assert (moved.organisation, moved.reason) == ("Le foyer", "« En partie »")
    with pytest.raises(NotNow, match="par le foyer le"):
        one.does(one.receiver, moves.accept)


def test_the_link_and_the_desk_decide_alike(close: Callable[..., Closed]) -> None:
    one = close()
    secret = one.link()
    closed = (
        "update referral set state = 'closed', outcome = %s, household_says = null, household_due = null where id = %s"
    )
    pairs = [*product((Outcome.GOT_HELP, Outcome.PARTIAL), (Said.PARTLY, Said.NO)), (Outcome.NO_HELP, Said.YES)]
    for outcome, said in [*pairs, (Outcome.NO_HELP, Said.PARTLY), (Outcome.PARTIAL, Said.DECLINED)]:
        found = []
        for desk in (True, False):
            one.base.admin(closed, outcome.value, one.id)
            one.does(one.sender, confirming.record, said, True) if desk else one.answer(secret, said, True)
            row = one.row()
            found.append((row.state, row.outcome, row.household_says, row.household_due))
        assert found[0] == found[1]
        assert found[0][2] == said


def test_a_link_that_stands_no_more_opens_nothing(close: Callable[..., Closed]) -> None:
    one = close()
    ended, expired, unsafe = one.link(), one.link(), one.link()
    with acting(one.base.engine, one.receiver) as session:
        assert confirming.end_links(session, one.id) == 3
    assert confirming.opened(one.base.engine, ended) is None
    one.base.admin("update confirmation_link set ended_at = null, until = now() where referral_id = %s", one.id)
    assert confirming.opened(one.base.engine, expired) is None
    one.base.admin("update confirmation_link set until = now() + interval '1 day' where referral_id = %s", one.id)
    assert confirming.opened(one.base.engine, unsafe) is not None
    letters = "insert into safe_contact (household_id, network_id, call, message, letter, email, words, updated_at,"
    letters += " updated_by, version) select id, network_id, false, false, %s, false, '', now(), opened_by, 1"
    one.base.admin(f"{letters} from household where id = %s", False, one.household_id)
    assert confirming.opened(one.base.engine, unsafe) is None
    assert not one.answer(unsafe, Said.YES)
    with pytest.raises(confirming.LettersUnsafe):
        one.link()
    one.base.admin("update safe_contact set letter = true where household_id = %s", one.household_id)
    assert confirming.opened(one.base.engine, unsafe) is not None
    assert confirming.opened(one.base.engine, "x") is None


def test_a_link_answers_for_its_own_referral_alone_and_not_before_it_is_closed(
    close: Callable[..., Closed], cast: Cast
) -> None:
    one, other = close(), close()
    secret = one.link()
    link = confirming.opened(one.base.engine, secret)
    assert link is not None
    wrong = confirming.Opened(other.id, link.network_id, True, False, None)
    assert not confirming.answer_by_link(one.base.engine, wrong, secret, Said.NO, False)
    for actor in (HouseholdLink(one.id, link.network_id), Nobody()):
        with ActorSession(one.base.engine, actor) as session:
            for table in ("confirmation_link", "referral", "referral_event", "household", "need"):
                assert session.rows(f"select 1 from {table}") == [], table
    one.does(one.sender, moves.reopen)
    waiting = confirming.opened(one.base.engine, secret)
    assert waiting is not None
    assert not waiting.asks
    assert not one.answer(secret, Said.NO)
    stranger = cast.secours.people["intake"]
    with acting(one.base.engine, stranger) as session, pytest.raises(NotKnown):
        confirming.end_links(session, one.id)


def test_the_code_to_scan_says_the_address_and_nothing_else() -> None:
    drawn = str(qr_svg(f"{ADDRESS}/reponse/abc", "Répondre"))
    assert drawn.startswith("<svg")
    assert "<title>Répondre</title>" in drawn
    assert not re.search(r"\bstyle=|<script|xlink|href", drawn)
    assert qr_png(f"{ADDRESS}/reponse/abc").startswith(b"\x89PNG")


# ------------------------------------------------------------------ the pages, without script


def test_the_worker_s_screen_says_how_to_reach_them_first_then_asks(
    close: Callable[..., Closed], cast: Cast, browser: Callable[[], Browser]
) -> None:
    one = close()
    signed = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    page = f"/orientations/{one.id}"
    assert "Demander au foyer" in signed.get(page).text
    one.base.admin(
        "insert into safe_contact (household_id, network_id, call, message, letter, email, words, updated_at,"
        " updated_by, version) select id, network_id, false, false, false, false, '', now(), opened_by, 1"
        " from household where id = %s",
        one.household_id,
    )
    shown = signed.get(f"{page}/confirmation").text
    assert shown.index("Ne pas l’appeler") < shown.index("Avez-vous obtenu")
    assert "Pas joint(e)" not in shown
    assert "Pas de papier pour ce foyer" in shown
    assert signed.post(f"{page}/confirmation/papier", data={"version": "3"}).status_code == 409
    assert signed.post(f"{page}/confirmation", data={"version": "3"}).status_code == 422
    assert signed.post(f"{page}/confirmation", data={"version": "3", "said": "no"}).status_code == 303
    assert signed.post(f"{page}/confirmation", data={"version": "4", "said": "yes"}).status_code == 409
    assert "Le foyer n’est pas d’accord" in signed.get(page).text
    coordinator = browser().sign_in(cast.bonne_action.emails["coordinator"], PASSWORD)
    assert coordinator.get(f"{page}/confirmation").status_code == 404
    assert coordinator.post(f"{page}/expliquer", data={"version": "4"}).status_code == 422
    done = coordinator.post(f"{page}/expliquer", data={"version": "4", "explanation": "impossible"})
    assert done.status_code == 303
    assert one.row().outcome == Outcome.NO_HELP


def test_the_paper_opens_a_page_that_names_nobody_sets_no_cookie_and_answers_on_a_button_alone(
    close: Callable[..., Closed], cast: Cast, browser: Callable[[], Browser]
) -> None:
    one = close()
    signed = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    paper = signed.post(f"/orientations/{one.id}/confirmation/papier", data={"version": "3"})
    found = re.search(r"(/reponse/[\w-]{43})", paper.text)
    assert found is not None
    assert "<svg" in paper.text
    sheet = paper.text[paper.text.index("Avez-vous obtenu") : paper.text.index("<footer")]
    phone = browser()
    asked = phone.get(found.group(1))
    assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-store")
    code = one.base.admin("select household_code from referral where id = %s", one.id)[0][0]
    for word in ("Diallo", "DIALLO", "ogement", "Carvin", "CCAS", "picerie", "limentaire", str(code)):
        assert word not in asked.text, word
        assert word not in sheet, word
    assert one.row().household_says is None
    assert phone.post(found.group(1), data={"said": "bof"}).status_code == 422
    answer = phone.post(found.group(1), data={"said": "no", "call_back": "oui"})
    assert (answer.status_code, answer.headers["location"]) == (303, found.group(1))
    thanks = phone.get(found.group(1))
    assert "changer votre réponse" in thanks.text
    assert not [h for a in (asked, answer, thanks) for h in a.headers if h == "set-cookie"]
    assert (one.row().state, one.row().household_says) == (State.DISPUTED, "no")
    assert signed.post(f"/orientations/{one.id}/confirmation/annuler-liens").status_code == 303
    gone, wrong = phone.get(found.group(1)), phone.get("/reponse/" + "x" * 43)
    assert (gone.status_code, wrong.status_code) == (404, 404)
    assert gone.text == wrong.text, "nobody learns that there was something"
    tries = [phone.post(found.group(1), data={"said": "yes"}).status_code for _ in range(20)]
    assert set(tries) == {404, 429}


def test_both_sides_and_the_coordinator_are_told_of_a_disagreement_and_the_sender_of_a_wish(
    close: Callable[..., Closed],
) -> None:
    one, other = close(), close()
    one.answer(one.link(), Said.NO)
    other.answer(other.link(), Said.YES, True)
    tell_news(one.base.engine)
    told = "select step, m.organisation_id, count(*) from notice n join membership m on m.id = n.membership_id"
    told += " where n.referral_id = %s and step in ('disputed', 'call') group by 1, 2"
    where = {(step, organisation) for step, organisation, _ in one.base.admin(told, one.id)}
    people = (one.sender, one.receiver, one.coordinator)
    assert where >= {("disputed", person.organisation_id) for person in people}
    assert {(step, who) for step, who, _ in one.base.admin(told, other.id)} == {("call", one.sender.organisation_id)}


def test_who_no_longer_reads_how_to_reach_them_is_told_not_to_call(
    close: Callable[..., Closed], cast: Cast, browser: Callable[[], Browser]
) -> None:
    one = close()
    one.base.admin(
        "update share set revoked_at = now() where household_id = %s and ground = 'agreement'", one.household_id
    )
    shown = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD).get(f"/orientations/{one.id}/confirmation")
    assert "n’appelez pas" in shown.text
    assert "Pas joint(e)" not in shown.text
