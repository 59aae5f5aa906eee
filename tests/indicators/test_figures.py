"""Follow-up figures: days counted as a partner opens, cells that name nobody, one door that gives no identifier."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from coordination.indicators.rules import By, Fate, Figures, OpenDays, Sent, Voice, figures, periods, told, untold
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.referrals import moves
from coordination.referrals.household import Said
from coordination.referrals.machine import State
from coordination.referrals.opening import Opening
from coordination.referrals.rules import Domain, Outcome, Refusal
from coordination.simulators.disclosure import LEAST, STEP
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
KEY = b"une clef"
DAYS = OpenDays({"epicerie": Opening(), "secours": Opening(frozenset({1, 3}))}, FIRST, LAST)
NAMES = {"epicerie": "Épicerie", "secours": "Secours", "ccas": "CCAS"}


def sent(household: int, **changed: object) -> Sent:
    """A referral taken two days later."""
    usual = Sent(
        household, Domain.FOOD, "ccas", "epicerie", date(2026, 3, 2), date(2026, 3, 4), None, False, State.ACCEPTED,
        False, None, None, None, False,
    )  # fmt: skip
    return replace(usual, **changed)  # type: ignore[arg-type]


def shown(rows: list[Sent]) -> Figures | None:
    return figures(rows, lambda row: row.receiver, NAMES, DAYS, KEY)


@given(st.dates(FIRST, LAST), st.dates(FIRST, LAST), st.sampled_from(["epicerie", "secours"]))
def test_opening_days_are_counted_as_the_partner_opens(one: date, other: date, who: str) -> None:
    start, end = sorted((one, other))
    opening = Opening() if who == "epicerie" else Opening(frozenset({1, 3}))
    days = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert DAYS.between(who, start, end) == sum(map(opening.is_open, days))


def test_periods_are_whole_months_up_to_today() -> None:
    known = periods(date(2026, 2, 28))
    assert [(p.key, p.first, p.last) for p in known[:3]] == [
        ("12-mois", date(2025, 3, 1), date(2026, 2, 28)),
        ("2026-t1", date(2026, 1, 1), date(2026, 2, 28)),
        ("2025-t4", date(2025, 10, 1), date(2025, 12, 31)),
    ]
    assert len({p.key for p in known}) == len(known) == 6


def test_each_referral_has_one_fate() -> None:
    asked = {
        (State.ACCEPTED, False): Fate.TAKEN,
        (State.CLOSED, True): Fate.TAKEN,
        (State.REFUSED, False): Fate.REFUSED,
        (State.SENT, False): Fate.WAITING,
        (State.RECEIVED, True): Fate.SILENT,
        (State.INFO_REQUESTED, True): Fate.WAITING,
        (State.EXPIRED, True): Fate.SILENT,
        (State.DISPUTED, False): Fate.TAKEN,
        (State.REVOKED, True): Fate.ENDED,
        (State.CANCELLED, False): Fate.ENDED,
        (State.REDIRECTED, False): Fate.ENDED,
    }
    assert {key: sent(1, state=key[0], late=key[1]).fate for key in asked} == asked
    for left in (State.REDIRECTED, State.DROPPED):
        assert sent(1, state=left, answered=None).fate is Fate.ENDED
        assert sent(1, state=left, answered=None, late=True).fate is Fate.SILENT
        assert sent(1, state=left, refusal=Refusal.CAPACITY).fate is Fate.REFUSED
    assert sent(1, state=State.CLOSED, by_hand=True).fate is Fate.HAND


def test_medians_tell_opening_and_calendar_days_from_ten_households_on() -> None:
    friday, monday = date(2026, 3, 6), date(2026, 3, 9)
    rows = [sent(n, sent=friday, answered=monday) for n in range(9)]
    assert shown(rows) is None
    told_of = shown([*rows, sent(9, sent=friday, answered=monday, state=State.CLOSED, closed=monday)])
    assert told_of is not None
    wait = told_of.waits[By.ALL][0]
    assert (wait.answer.opening, wait.answer.calendar) == (1, 3)
    assert (wait.closing.opening, wait.closing.calendar) == (None, None)
    by_hand = shown([*rows, sent(9, by_hand=True)])
    assert by_hand is not None
    assert by_hand.waits[By.ALL][0].hidden, "what was handed over waits for nobody"


def test_what_households_say_is_told_of_closed_referrals_alone() -> None:
    closed = {"state": State.CLOSED, "closed": date(2026, 3, 9), "outcome": Outcome.GOT_HELP}
    rows = [sent(n, **closed, says=Said.YES) for n in range(40)]
    rows += [sent(100 + n, **closed, says=Said.NO, disputed=True) for n in range(40)]
    rows += [sent(200 + n, **closed) for n in range(3)] + [sent(300 + n) for n in range(40)]
    found = shown(rows)
    assert found is not None
    cells = found.voices.lines[0].cells
    assert all(abs((cells[voice].value or 0) - 40) <= 10 for voice in (Voice.AGREES, Voice.DISAGREES))
    assert cells[Voice.UNHEARD].value is None
    assert cells[Voice.DECLINED].value is None


def test_a_household_many_times_referred_is_one_household() -> None:
    crowd = [sent(n) for n in range(20)]
    lonely = [sent(99, state=State.REFUSED, refusal=Refusal.TERRITORY, receiver="secours")] * 30
    found = shown([*crowd, *lonely])
    assert found is not None
    assert found.whole.lines[0].cells[Fate.REFUSED].value is None
    assert found.refusals.lines[0].cells[Refusal.TERRITORY].value is None
    assert "Secours" in untold(found.fates[By.PARTNER])
    assert [line.group for line in told(found.fates[By.PARTNER])] == ["Épicerie"]


@settings(max_examples=10)
@given(st.data())
def test_what_stands_behind_a_masked_line_changes_nothing_that_is_shown_beside_it(data: st.DataObject) -> None:
    domains = [Domain.FOOD, Domain.HOUSING, Domain.JOB]
    rows = [
        sent(
            n,
            domain=data.draw(st.sampled_from(domains)),
            state=data.draw(st.sampled_from([State.ACCEPTED, State.REFUSED, State.EXPIRED])),
        )
        for n in range(data.draw(st.integers(10, 60)))
    ]
    few = [sent(1000 + n, domain=Domain.MOBILITY) for n in range(data.draw(st.integers(0, 9)))]
    alone, beside = shown(rows), shown([*rows, *few])
    assert alone is not None
    assert beside is not None
    assert alone.fates[By.DOMAIN] == beside.fates[By.DOMAIN], "a line of fewer than ten households says nothing"
    for table in (beside.whole, *beside.fates.values(), beside.outcomes, beside.refusals, beside.voices):
        for line in table.lines:
            for cell in line.cells.values():
                assert cell.value is None or (cell.value >= LEAST and cell.value % STEP == 0)


def test_the_door_says_what_became_of_each_and_never_which(cast: Cast, shared_base: Base) -> None:
    engine, worker = cast.engine, cast.ccas.people["intake"]
    file, other = open_household(engine, worker), open_household(engine, worker, "Petit")
    agree(engine, worker, file, [cast.epicerie], ("identity", "needs", "sensitive"), audience="professionals")
    agree(engine, worker, other, [cast.epicerie])
    taken = refer(engine, worker, file, cast.epicerie)
    late = refer(engine, worker, file, cast.epicerie, Domain.MOBILITY)
    refer(engine, worker, file, cast.epicerie, Domain.HEALTH)
    refer(engine, worker, file, cast.secours, Domain.FOOD)
    refer(engine, worker, other, cast.epicerie, Domain.JOB)
    with acting(engine, cast.epicerie.people["intake"]) as session:
        version = moves.accept(session, taken.id, 1).version
        version = moves.close(session, taken.id, version, Outcome.GOT_HELP).version
    with acting(engine, worker) as session:
        moves.dispute(session, taken.id, version, Said.NO, call_back=False)
    shared_base.admin("update referral set expires_at = now() - interval '1 hour' where id = %s", late.id)
    shared_base.admin("update share set revoked_at = now() where household_id = %s and scope = 'needs'", other)

    def rows(member_of: str, role: str, side: str) -> list[tuple[object, ...]]:
        organised = getattr(cast, member_of)
        with acting(engine, organised.people[role]) as session:
            found = session.rows(
                "select * from access.referral_figures(:side, :first, :last)", side=side, first=today(), last=today()
            )
        return [tuple(row) for row in found]

    network = rows("bonne_action", "coordinator", "reseau")
    assert sorted((str(row[1]), str(row[8]), row[7]) for row in network) == [
        ("alimentation", "by_hand", True),
        ("autre", "sent", False),
        ("emploi", "revoked", False),
        ("logement", "disputed", False),
        ("mobilite", "expired", False),
    ]
    assert [row[-2:] for row in network if row[8] == "disputed"] == [("no", True)]
    assert {row[0] for row in network} == {1, 2}
    places = {cast.ccas.id, cast.epicerie.id, cast.secours.id}
    assert {cell for row in network for cell in row if isinstance(cell, UUID)} <= places
    assert len(rows("ccas", "admin", "envoyees")) == 5
    assert len(rows("epicerie", "intake", "recues")) == 4
    assert rows("secours", "intake", "recues") == [], "what was handed over was sent to nobody"
    assert rows("elsewhere", "coordinator", "reseau") == []
    for refused in (("ccas", "intake", "reseau"), ("ccas", "volunteer", "recues"), ("ccas", "coordinator", "autre")):
        with pytest.raises(ProgrammingError, match="asked by coordinators"):
            rows(*refused)
    told_of = shared_base.admin("select household_id, fields from journal where verb = 'figures.read'")
    assert told_of == [(None, [])] * 5


def test_the_page_and_its_table_show_figures_and_nobody(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base
) -> None:
    engine, worker = cast.engine, cast.ccas.people["intake"]
    page = browser().sign_in(cast.ccas.emails["coordinator"], PASSWORD)
    empty = page.get("/chiffres?cote=recues")
    assert "Trop peu d’orientations" in empty.text
    for n in range(10):
        file = open_household(engine, worker, f"Canari{n}")
        agree(engine, worker, file, [cast.epicerie])
        row = refer(engine, worker, file, cast.epicerie)
        with acting(engine, cast.epicerie.people["intake"]) as session:
            accepted = moves.accept(session, row.id, 1)
            moves.close(session, row.id, accepted.version, Outcome.GOT_HELP)
    answer = page.get("/chiffres")
    assert answer.status_code == 200
    assert "Trop peu d’orientations" not in answer.text
    assert "anari" not in answer.text
    assert "figures.read" in str(shared_base.admin("select verb from journal order by number desc limit 1"))
    shared_base.admin("update organisation set name = '=1+1' where id = %s", cast.epicerie.id)
    table = page.get("/chiffres/tableau.csv?cote=envoyees&periode=12-mois")
    shared_base.admin("update organisation set name = 'Épicerie solidaire' where id = %s", cast.epicerie.id)
    assert {line.split(";")[1] for line in table.text.splitlines()} >= {"Ensemble", "'=1+1"}
    assert ";=1+1" not in table.text, "a name is no formula"
    assert table.headers["content-disposition"] == 'attachment; filename="suivi-envoyees-12-mois.csv"'
    assert "no-store" in table.headers["cache-control"]
    assert "Délai médian (ensemble);Ensemble;première réponse, jours d’ouverture;0" in table.text
    for query in ("cote=x", "periode=2026-t9", "periode=2026-11-22"):
        assert page.get(f"/chiffres?{query}").status_code == 422
    assert browser().sign_in(cast.ccas.emails["intake"], PASSWORD).get("/chiffres?cote=reseau").status_code == 403
