"""The work on the queue: given to a colleague, handed over, many lines at once, views kept, a harmless table."""

import csv
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import StringIO
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from coordination.kit.actor import Member
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.kit.text import FORMULAS, harmless
from coordination.referrals import bulk, following, moves, queue
from coordination.referrals.baskets import MINE
from coordination.referrals.machine import Side
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain, Many, Refusal
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    made = open_household(cast.engine, worker, "Nguyen", "Linh")
    agree(cast.engine, worker, made, [cast.epicerie])
    return made


@pytest.fixture
def sent(cast: Cast, worker: Member, household: UUID) -> Referral:
    return refer(cast.engine, worker, household, cast.epicerie)


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def mine(cast: Cast, member: Member, side: Side) -> int:
    with acting(cast.engine, member) as session:
        count = queue.count_mine(session, side).count
        assert count == len(queue.page_of(session, side, MINE, size=500).lines)
        return count


# ------------------------------------------------------------------ who follows


def test_each_organisation_gives_it_to_its_own_and_reads_its_own(cast: Cast, worker: Member, sent: Referral) -> None:
    grocer, helper = cast.epicerie.people["intake"], cast.epicerie.people["volunteer"]
    before = mine(cast, helper, Side.RECEIVER)
    with acting(cast.engine, grocer) as session:
        following.give(session, sent.id, helper.membership_id, None)
    with acting(cast.engine, worker) as session:
        assert following.assignment_of(session, sent.id) is None, "whom a partner gives it to is its own business"
        following.give(session, sent.id, worker.membership_id, None)
    assert mine(cast, helper, Side.RECEIVER) == before + 1
    with pytest.raises(following.NoColleague), acting(cast.engine, grocer) as session:
        following.give(session, sent.id, worker.membership_id, helper.membership_id)
    with pytest.raises(NotKnown), acting(cast.engine, cast.elsewhere.people["intake"]) as session:
        following.give(session, sent.id, None, None)
    with acting(cast.engine, grocer) as session:
        following.give(session, sent.id, None, helper.membership_id)
    assert mine(cast, helper, Side.RECEIVER) == before


def test_of_two_who_give_it_at_once_one_wins_and_the_other_is_told(
    cast: Cast, shared_base: Base, sent: Referral
) -> None:
    people = [cast.epicerie.people["intake"], cast.epicerie.people["coordinator"]]
    together = Barrier(2)

    def give(turn: int) -> str:
        with ActorSession(cast.engine, people[turn]) as session:
            session.connection()
            together.wait(20)
            try:
                following.give(session, sent.id, people[turn].membership_id, None)
            except following.AlreadyGiven as late:
                session.rollback()
                return late.sentence
            session.commit()
            return ""

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(give, range(2)))
    assert answers[0] == ""
    assert re.search(r"Déjà confiée à (Intake|Coordinator) par (Intake|Coordinator) le \d", answers[1])
    lines = shared_base.admin(
        "select count(*) from journal j join referral_assignment a on j.subject_id = a.id::text"
        " where a.referral_id = %s and j.verb = 'referral.assign'",
        sent.id,
    )
    assert lines == [(1,)]


def test_an_absent_colleague_hands_everything_over(cast: Cast, worker: Member, household: UUID) -> None:
    helper, other = cast.epicerie.people["volunteer"], cast.epicerie.people["coordinator"]
    rows = [refer(cast.engine, worker, household, cast.epicerie, domain) for domain in (Domain.JOB, Domain.FRENCH)]
    with acting(cast.engine, other) as session:
        for row in rows:
            following.give(session, row.id, helper.membership_id, None)
    with acting(cast.engine, helper) as session:
        moves.refuse(session, rows[1].id, 1, Refusal.CRITERIA)
    had, held = mine(cast, helper, Side.RECEIVER), mine(cast, other, Side.RECEIVER)
    with acting(cast.engine, other) as session:
        assert following.hand_over(session, helper.membership_id, other.membership_id) == had
    assert (mine(cast, helper, Side.RECEIVER), mine(cast, other, Side.RECEIVER)) == (0, held + had)
    with acting(cast.engine, other) as session:
        assert following.hand_over(session, helper.membership_id, other.membership_id) == 0


# ------------------------------------------------------------------ many at once


def test_what_one_line_refuses_stops_no_other(
    cast: Cast, shared_base: Base, worker: Member, household: UUID, sent: Referral
) -> None:
    other = refer(cast.engine, worker, household, cast.epicerie, Domain.FOOD)
    ended = refer(cast.engine, worker, household, cast.epicerie, Domain.JOB)
    with acting(cast.engine, worker) as session:
        moves.cancel(session, ended.id, 1)
    chosen = [bulk.Chosen(sent.id, 1), bulk.Chosen(ended.id, 2), bulk.Chosen(uuid4(), 1), bulk.Chosen(other.id, 1)]
    with acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        done = bulk.do_many(session, Many.ACCEPT, chosen)
    assert [bool(line.refused) for line in done] == [False, True, True, False]
    assert "« annulée » (par CCAS" in done[1].refused
    states = shared_base.admin(
        "select state, (select count(*) from journal j where j.subject_id = r.id::text and j.verb = 'referral.accept')"
        " from referral r where id = any(%s) order by state",
        [sent.id, other.id, ended.id],
    )
    assert states == [("accepted", 1), ("accepted", 1), ("cancelled", 0)]


def test_the_page_reports_line_by_line_and_asks_for_what_the_deed_needs(
    cast: Cast, sent: Referral, browser: Callable[[], Browser], shared_base: Base
) -> None:
    page = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD)
    listed = page.get("/orientations?cote=recues&bannette=a-traiter")
    assert f'value="{sent.id}:1" form="lot"' in listed.text
    line = {"lines": [f"{sent.id}:1"], "query": "cote=recues&bannette=a-traiter"}
    for faulty in (
        {"deed": "refuser"},
        {"deed": "classer", "why": "hors_criteres"},
        {"deed": "confier"},
        {"deed": "tout"},
        {"deed": "accepter", "lines": []},
    ):
        assert page.post("/orientations/lot", data={**line, **faulty}).status_code == 422
    again = page.post("/orientations/lot", data={**line, "deed": "refuser"}).text
    assert f'name="lines" value="{sent.id}:1"' in again
    assert 'value="refuser" selected' in again
    assert page.post("/orientations/lot", data={**line, "deed": "accepter", "query": "x=<b>"}).status_code == 422
    assert shared_base.admin("select state from referral where id = %s", sent.id) == [("sent",)]
    done = page.post("/orientations/lot", data={**line, "deed": "refuser", "why": "capacite_atteinte"})
    assert done.status_code == 200
    assert "1 sur 1" in text(done.text)
    assert "/orientations?cote=recues&amp;bannette=a-traiter" in done.text
    late = page.post("/orientations/lot", data={**line, "deed": "accepter"})
    assert "Non fait" in late.text
    assert "déjà « refusée » par Épicerie solidaire (Volunteer)" in text(late.text)


# ------------------------------------------------------------------ filters, views, the table


def test_filters_narrow_counts_and_lists_alike_and_no_name_stands_in_an_address(
    cast: Cast, shared_base: Base, sent: Referral, browser: Callable[[], Browser]
) -> None:
    shared_base.admin("delete from referral_assignment")  # who won it above is not the same every time
    page = browser().sign_in(cast.epicerie.emails["intake"], PASSWORD)
    code = sent.household_code
    for query, found in (
        (f"code={code.lower()}", True),
        (f"code={code[:4]}", True),
        (f"code=%20{code[:4]}%20{code[5:].lower()}", True),
        ("code=ZZZZ-ZZZ", False),
        (f"partenaire={cast.ccas.id}", True),
        (f"partenaire={cast.secours.id}", False),
        ("suivi=personne", True),
        ("suivi=moi", False),
        ("tri=recentes", True),
    ):
        shown = page.get(f"/orientations?cote=recues&bannette=a-traiter&{query}")
        assert shown.status_code == 200
        assert (f"/orientations/{sent.id}" in shown.text) == found, query
        count = re.search(r'À traiter</span><span class="count">(\d+)', shown.text)
        assert count is not None
        assert (int(count.group(1)) > 0) == found, query
        assert "Nguyen" not in " ".join(re.findall(r'(?:href|action)="([^"]*)"', shown.text))
    for faulty in ("partenaire=x", "suivi=x", "tri=x", "code=%27%3B--", "code=ABCDEFGHIJ"):
        assert page.get(f"/orientations?cote=recues&{faulty}").status_code == 422, faulty


def test_a_view_is_kept_for_oneself_and_forgotten(cast: Cast, browser: Callable[[], Browser]) -> None:
    page = browser().sign_in(cast.epicerie.emails["intake"], PASSWORD)
    query = "cote=recues&bannette=sans-reponse"
    assert page.post("/orientations/vues", data={"name": "", "query": query}).status_code == 422
    assert page.post("/orientations/vues", data={"name": "x", "query": "//exemple.fr"}).status_code == 422
    kept = page.post("/orientations/vues", data={"name": "À relancer <lundi>", "query": query})
    assert (kept.status_code, kept.headers["location"]) == (303, f"/orientations?{query}")
    shown = page.get("/orientations").text
    assert "À relancer &lt;lundi&gt;" in shown
    other = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD)
    assert "À relancer" not in other.get("/orientations").text
    [view] = re.findall(r"/orientations/vues/([0-9a-f-]{36})/retirer", shown)
    assert other.post(f"/orientations/vues/{view}/retirer").status_code == 404
    assert page.post(f"/orientations/vues/{view}/retirer").status_code == 303
    assert "À relancer" not in page.get("/orientations").text


def test_the_table_holds_what_one_sees_and_no_formula(
    cast: Cast, shared_base: Base, worker: Member, browser: Callable[[], Browser]
) -> None:
    made = open_household(cast.engine, worker, "=cmd|'/c calc'!A0", "Zoé")
    agree(cast.engine, worker, made, [cast.epicerie])
    row = refer(cast.engine, worker, made, cast.epicerie)
    address = f"/orientations/tableau?cote=recues&bannette=a-traiter&code={row.household_code}"
    answer = browser().sign_in(cast.epicerie.emails["intake"], PASSWORD).get(address)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("\ufeff")
    header, only = list(csv.reader(StringIO(answer.text[1:]), delimiter=";"))
    assert dict(zip(header, only, strict=True))["Nom"].startswith("'=CMD")
    assert not any(cell.startswith(FORMULAS) for cell in only)
    read = "select count(*) from journal where household_id = %s and verb = 'referral.export'"
    assert shared_base.admin(read, made) == [(1,)]
    network = browser().sign_in(cast.bonne_action.emails["coordinator"], PASSWORD)
    strange = network.get(f"/orientations/tableau?cote=reseau&bannette=en-attente&code={row.household_code}")
    assert row.household_code in strange.text
    assert "CMD" not in strange.text
    assert shared_base.admin(read, made) == [(1,)], "a code alone is no reading"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_a_cell_is_never_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("Épicerie") == "Épicerie"


def test_the_hand_over_page_names_those_who_follow_something(
    cast: Cast, sent: Referral, browser: Callable[[], Browser]
) -> None:
    helper, grocer = cast.epicerie.people["volunteer"], cast.epicerie.people["intake"]
    page = browser().sign_in(cast.epicerie.emails["intake"], PASSWORD)
    given = page.post(f"/orientations/{sent.id}/confier", data={"to": str(helper.membership_id)})
    assert given.status_code == 303
    late = page.post(f"/orientations/{sent.id}/confier", data={"to": str(grocer.membership_id), "seen": ""})
    assert late.status_code == 409
    assert "Déjà confiée à Volunteer par Intake" in text(late.text)
    assert "Volunteer (" in text(page.get("/orientations/passer").text)
    form = {"from_whom": str(helper.membership_id), "to_whom": str(grocer.membership_id)}
    assert page.post("/orientations/passer", data={**form, "to_whom": ""}).status_code == 422
    assert page.post("/orientations/passer", data=form).status_code == 303
    assert page.post("/orientations/passer", data=form).status_code == 409, "nothing left"
