"""A form sent twice, by an impatient click or a line that was cut, is done once; what is typed anew is done again."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier
from uuid import UUID

import pytest
from httpx import Response

from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.referrals import moves
from coordination.referrals.models import Referral
from coordination.referrals.rules import Outcome
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree

Typed = dict[str, str]
SAID = "n’a compté qu’une fois"
DAY = f"{today():%d/%m/%Y}"
SECRET = re.compile(r"/(?:invitation|agenda|reponse)/([\w-]{43})")
INVITED = {"name": "Camille Roux", "email": "camille.roux@exemple.fr", "roles": "intake", "professional": "yes"}
ENDED_PAPER = "confirmation_link set ended_at = now(), ended_by = made_by"
MESSAGE = {"message": "Peut venir mardi à 14 h."}


@pytest.fixture(scope="module")
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture(scope="module")
def household(cast: Cast, worker: Member) -> UUID:
    made = open_household(cast.engine, worker, "Nguyen", "Linh")
    agree(cast.engine, worker, made, [cast.epicerie])
    return made


@pytest.fixture(scope="module")
def sent(cast: Cast, worker: Member, household: UUID) -> Referral:
    return refer(cast.engine, worker, household, cast.epicerie)


@pytest.fixture(scope="module")
def who(cast: Cast, browser: Callable[[], Browser]) -> Browser:
    return browser().sign_in(cast.ccas.emails["intake"], PASSWORD)


def form(who: Browser, page: str, ending: str = "") -> str:
    """Where the form of a page that is shown is sent, with what its address says."""
    shown = who.get(page)
    assert shown.status_code == 200, page
    (found,) = {
        unescape(path)
        for path in re.findall(r'method="post" action="([^"]+)"', shown.text)
        if re.split(r"[?#]", path)[0].endswith(ending or page)
    }
    assert "une=" in found
    return found


def rows(base: Base) -> dict[str, int]:
    """How many rows each table has: all of them, so that nothing is stored elsewhere either. Reading is a line too."""
    tables = [name for (name,) in base.admin("select tablename from pg_tables where schemaname = 'public'")]
    counted = " union all ".join(f"select '{name}', count(*) from {name}" for name in tables if name != "journal_head")
    return {str(name): int(str(count)) for name, count in base.admin(counted)}


def messages(base: Base, words: str = MESSAGE["message"]) -> int:
    return int(str(base.admin("select count(*) from referral_text where words = %s", words)[0][0]))


def refused_nothing(first: Response, second: Response) -> None:
    assert (first.status_code, second.status_code) == (303, 303), first.text
    assert first.headers["location"] == second.headers["location"]


def test_every_form_that_adds_something_adds_it_once(
    who: Browser, shared_base: Base, worker: Member, household: UUID, sent: Referral
) -> None:
    file, referral = f"/foyers/{household}", f"/orientations/{sent.id}"
    adding: list[tuple[str, str, Typed]] = [
        (referral, f"{referral}/message", MESSAGE),
        (referral, f"{referral}/note", {"note": "Rappeler vendredi."}),
        (f"{file}/suivi/note", "", {"words": "Reçue ce matin."}),
        (f"{file}/suivi/contact", "", {"met_on": DAY, "medium": "visite", "with_whom": "Mme Nguyen"}),
        (f"{file}/suivi/tache", "", {"what": "Bail", "due_on": DAY, "assigned_to": str(worker.membership_id)}),
        (f"{file}/suivi/dette", "", {"creditor_kind": "energie", "amount": "120"}),
        (f"{file}/suivi/projet", "", {"words": "Un logement plus grand"}),
        (f"{file}/suivi/document", "", {"kinds": "bail", "seen_on": DAY}),
        (f"{file}/personnes/nouvelle", "", {"family_name": "Nguyen", "given_name": "An", "link": "child"}),
        (f"{file}/besoins/nouveau", "", {"domain": "logement", "summary": "Deux mois de loyer."}),
        ("/foyers/nouveau", "", {"family_name": "Wattiez", "commune": "Carvin", "confirm": "oui"}),
        ("/rendez-vous/lieux", "", {"name": "Accueil", "address": "1 place Jean-Jaurès"}),
    ]
    for page, ending, typed in adding:
        there, before = form(who, page, ending), rows(shared_base)
        first = who.post(there, data=typed)
        after = rows(shared_base)
        assert before != after, page
        refused_nothing(first, who.post(there, data=typed))
        assert rows(shared_base) == after, page
        assert SAID in who.get(first.headers["location"]).text


def test_a_secret_shown_once_is_the_same_for_the_same_sending_and_is_made_once(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base, worker: Member, household: UUID
) -> None:
    closed = refer(cast.engine, worker, household, cast.epicerie)
    with acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        moves.accept(session, closed.id, 1)
        moves.close(session, closed.id, 2, Outcome.GOT_HELP)
    admin, intake = (browser().sign_in(cast.ccas.emails[role], PASSWORD) for role in ("admin", "intake"))
    colleague = f"/comptes/{worker.membership_id}"
    showing: list[tuple[Browser, str, str, Typed, str]] = [
        (admin, "/comptes/inviter", "", INVITED, "invitation set revoked_at = now()"),
        (admin, colleague, "/mot-de-passe", {}, "invitation set revoked_at = now()"),
        (intake, "/moi/agenda", "", {}, "calendar_feed set revoked_at = now()"),
        (intake, f"/orientations/{closed.id}/confirmation", "/papier", {"version": "3"}, ENDED_PAPER),
    ]
    for who, page, ending, typed, ended in showing:
        there = form(who, page, ending)
        first = who.post(there, data=typed)
        after = rows(shared_base)
        second = who.post(there, data=typed)
        assert (first.status_code, second.status_code) == (200, 200), page
        assert SECRET.findall(first.text) == SECRET.findall(second.text) != [], page
        assert rows(shared_base) == after, page
        shared_base.admin(f"update {ended}")
        spent = who.post(there, data=typed)
        assert spent.status_code in (303, 409), page
        assert not SECRET.findall(spent.text), page
        anew = who.post(form(who, page, ending), data=typed)
        assert SECRET.findall(anew.text) != SECRET.findall(first.text), page


def test_a_list_sent_twice_is_kept_once_though_the_browser_wraps_it_otherwise(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base
) -> None:
    who = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    there, file = form(who, "/imports/nouveau"), {"list": ("l.csv", b"Nom;Commune\nMAES;Carvin\n", "text/csv")}
    refused_nothing(who.post(there, files=file), who.post(there, files=file))
    assert shared_base.admin("select count(*) from import_batch") == [(1,)]


def test_sent_several_times_at_the_same_instant_it_is_stored_once(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base, sent: Referral
) -> None:
    tabs = [browser().sign_in(cast.ccas.emails["intake"], PASSWORD) for _ in range(3)]
    for round_ in range(3):
        typed = {"message": f"Ensemble {round_}"}
        there, ready = form(tabs[0], f"/orientations/{sent.id}", "/message"), Barrier(3)

        def post(who: Browser, there: str = there, typed: Typed = typed, ready: Barrier = ready) -> Response:
            ready.wait()
            return who.post(there, data=typed)

        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(post, tabs))
        assert {answer.status_code for answer in answers} == {303}
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert messages(shared_base, typed["message"]) == 1


def test_what_is_typed_anew_or_changed_after_a_step_back_is_another_one(
    who: Browser, shared_base: Base, sent: Referral
) -> None:
    page = f"/orientations/{sent.id}"
    before, words = messages(shared_base), {"message": "Et aussi jeudi."}
    for _ in range(2):
        there = form(who, page, "/message")
        assert who.post(there, data=MESSAGE).status_code == 303
    assert messages(shared_base) == before + 2
    assert who.post(there, data=words).status_code == 303
    assert messages(shared_base, words["message"]) == 1


def test_what_was_refused_may_be_sent_again_as_it_is_then_mended(
    who: Browser, shared_base: Base, household: UUID
) -> None:
    page = f"/foyers/{household}/suivi/projet"
    there = form(who, page)
    refused = [who.post(there, data={"words": "Un permis", "until_date": "jamais"}) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [422, 422]
    mended = {"words": "Un permis", "until_date": ""}
    refused_nothing(who.post(there, data=mended), who.post(there, data=mended))
    assert shared_base.admin("select count(*) from goal where words = 'Un permis'") == [(1,)]


def test_the_mark_serves_whoever_saw_the_page_and_nobody_else(
    cast: Cast, who: Browser, browser: Callable[[], Browser], shared_base: Base, sent: Referral
) -> None:
    there, typed = form(who, f"/orientations/{sent.id}", "/message"), {"message": "À qui de droit"}
    for one in (who, browser().sign_in(cast.epicerie.emails["intake"], PASSWORD)):
        assert one.post(there, data=typed).status_code == 303
    assert messages(shared_base, "À qui de droit") == 2


def test_what_waited_for_a_new_sign_in_is_sent_once_too(
    cast: Cast, who: Browser, browser: Callable[[], Browser], shared_base: Base, household: UUID
) -> None:
    there, typed = form(who, f"/foyers/{household}/suivi/note"), {"words": "Tapée\r\navant la pause"}
    late = browser()
    kept = late.post(there, data=typed)
    assert kept.status_code == 401
    again = re.search(r'method="post" action="([^"]+)"', kept.text)
    assert again is not None
    assert unescape(again[1]) == there
    late.sign_in(cast.ccas.emails["intake"], PASSWORD)
    refused_nothing(late.post(there, data=typed), late.post(there, data=typed))
    assert shared_base.admin("select count(*) from note where words ~ 'avant la pause'") == [(1,)]


def test_it_is_forgotten_after_a_day_and_never_said_what_was_sent(
    who: Browser, shared_base: Base, worker: Member, sent: Referral
) -> None:
    there, typed = form(who, f"/orientations/{sent.id}", "/message"), {"message": "Zyskowicz"}
    who.post(there, data=typed)
    kept = str(shared_base.admin("select i::text from idempotency i where address is not null"))
    assert "Zyskowicz" not in kept
    assert there.partition("une=")[2] not in kept
    shared_base.admin("update idempotency set created_at = now() - interval '25 hours'")
    who.post(there, data=typed)
    assert messages(shared_base, "Zyskowicz") == 2
    old = "select distinct network_id from idempotency where created_at < now() - interval '1 day'"
    assert (worker.network_id,) not in shared_base.admin(old), "nor what those sent who never come back"
