"""Delays counted on opening days, routes that say why, and files that say which line to mend."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coordination.cli import app
from coordination.kit.clock import PARIS
from coordination.kit.parameters import BadParameters
from coordination.referrals.console import policies
from coordination.referrals.delays import Delay, delays_of, read_delays
from coordination.referrals.opening import FARTHEST, Opening, public_holidays, week_fr
from coordination.referrals.routing import Public, propose, publics_of, read_routes, routes_of, service_key
from coordination.referrals.rules import Domain

SOURCE = "    source: {title: Essai, date: null, link: null, checked_on: null}\n"
HEAD = "versions:\n  - from: 2026-01-01\n" + SOURCE


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def test_week_ends_public_holidays_and_closures_do_not_count() -> None:
    friday = moment("2026-12-18T10:30")
    assert Opening().after(friday, 5) == moment("2026-12-28T10:30"), "Christmas falls on a Friday"
    closed = Opening(closures=((date(2026, 12, 21), date(2027, 1, 3)),))
    assert closed.after(friday, 1) == moment("2027-01-04T10:30")
    assert Opening(frozenset({1, 3})).after(friday, 3) == moment("2026-12-29T10:30")
    assert {date(2026, 5, 1), date(2026, 7, 14), date(2026, 11, 11)} <= public_holidays(2026)


def test_nine_days_and_three_weeks_for_whoever_opens_from_monday_to_friday() -> None:
    sent = moment("2026-09-07T09:00")
    found = delays_of().versions[0][1].of(Domain.HOUSING).clocks(sent, Opening())
    assert [(at - sent).days for at in (found.late_at, found.risk_at, found.expires_at)] == [9, 21, 42]


@given(
    start=st.datetimes(moment("2020-01-01").replace(tzinfo=None), moment("2030-01-01").replace(tzinfo=None)),
    days=st.integers(1, 60),
    week=st.frozensets(st.integers(0, 6), min_size=1),
)
def test_exactly_that_many_opening_days_pass(start: datetime, days: int, week: frozenset[int]) -> None:
    opening, sent = Opening(week), start.replace(tzinfo=UTC)
    ends = opening.after(sent, days)
    first, last = sent.astimezone(PARIS).date(), ends.date()
    passed = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(map(opening.is_open, passed)) == days
    assert opening.is_open(last)


def test_a_partner_that_never_opens_does_not_hold_a_referral_for_ever() -> None:
    sent = moment("2026-09-07T09:00")
    assert Opening(frozenset()).after(sent, 7) == sent + FARTHEST
    assert week_fr({0, 2, 4}) == "lundi, mercredi et vendredi"
    assert (week_fr({5}), week_fr(())) == ("samedi", "aucun jour")


@pytest.mark.parametrize(
    ("said", "line", "sentence"),
    [
        ("    default: {late: 9, risk: 9, expires: 30}\n", 4, "« risk : 9 » est impossible"),
        ("    default: {late: 0, risk: 9, expires: 30}\n", 4, "« late : 0 » est impossible"),
        ("    default: {late: 7, risk: 15, expires: 999}\n", 4, "dépasse une année"),
        ("    default: {late: 7, risk: 15}\n", 4, "le champ « expires » manque"),
        ("    default: {late: 1.5, risk: 15, expires: 30}\n", 4, "doit être un nombre entier"),
        (
            "    default: {late: 7, risk: 15, expires: 30}\n    domains: {logment: {late: 1, risk: 2, expires: 3}}\n",
            5,
            "Écrivez « logement »",
        ),
        (
            "    default: {late: 7, risk: 15, expires: 30}\n    confirmation: {attempts: 0}\n",
            5,
            "« attempts : 0 » est impossible",
        ),
    ],
)
def test_an_impossible_delay_is_refused_with_its_line_and_what_to_write(
    tmp_path: Path, said: str, line: int, sentence: str
) -> None:
    path = tmp_path / "delays.yaml"
    path.write_text(HEAD + said, encoding="utf-8")
    with pytest.raises(BadParameters) as refused:
        read_delays(path)
    [problem] = refused.value.problems
    assert problem.line == line
    assert sentence in str(problem)
    assert problem.instead


@given(days=st.lists(st.integers(1, 200), min_size=3, max_size=3, unique=True))
def test_clocks_follow_one_another(days: list[int]) -> None:
    late, risk, expires = sorted(days)
    found = Delay(late, risk, expires).clocks(moment("2026-11-22T10:00"), Opening())
    assert found.late_at < found.risk_at < found.expires_at


def test_the_command_tells_every_fault_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "delays.yaml").write_text(HEAD + "    default: {late: 9, risk: 9, expires: 30}\n", encoding="utf-8")
    (tmp_path / "routes.yaml").write_text(HEAD + "    routes: []\n", encoding="utf-8")
    with pytest.raises(BadParameters) as refused:
        policies(str(tmp_path))
    assert len(refused.value.problems) == 2
    done = CliRunner().invoke(app, ["check-policies"])
    assert done.exit_code == 0, done.output
    assert "delays.yaml : 1 version, aucune faute." in done.output


# ------------------------------------------------------------------ routes


def test_the_most_precise_route_comes_first_and_says_why() -> None:
    family = propose(Domain.FOOD, "CARVIN", {Public.FAMILY}, date(2026, 11, 22))
    assert [route.to for route in family] == ["epicerie-solidaire", "secours-populaire"]
    assert family[0].why.startswith("Épicerie pour les familles")
    assert [route.to for route in propose(Domain.FOOD, "Lens", {Public.FAMILY}, date(2026, 11, 22))] == [
        "secours-populaire"
    ]
    assert propose(Domain.HEALTH, "Carvin", set(), date(2026, 11, 22)) == []
    assert propose(Domain.FOOD, "Carvin", set(), date(2025, 1, 1)) == [], "before the first version"


def test_a_route_may_lead_to_an_outside_service_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    line = "      - {domain: droits, service: Point Justice d’Hénin, why: Un juriste}\n"
    path.write_text(HEAD + "    routes:\n" + line, encoding="utf-8")
    [(_, found)] = read_routes(path).versions
    assert [route.to for route in found.propose(Domain.RIGHTS, "Lens", set())] == [service_key("POINT-JUSTICE D'HENIN")]
    for faulty, said in (("service: x, to: y", "pas aux deux"), ("service: ' - '", "nom de service")):
        path.write_text(HEAD + f"    routes:\n      - {{domain: droits, {faulty}, why: z}}\n", encoding="utf-8")
        with pytest.raises(BadParameters, match=rf"ligne 5 : .*{said}"):
            read_routes(path)


def test_a_household_is_read_from_its_ages() -> None:
    assert publics_of([34, 5]) == {Public.FAMILY}
    assert publics_of([70]) == {Public.ALONE, Public.SENIOR}
    assert publics_of([17]) == {Public.ALONE, Public.YOUNG}
    assert publics_of([None, None]) == publics_of([]) == set()


def test_a_route_names_a_known_domain_and_public(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(HEAD + "    routes:\n      - {domain: alimentations, to: x, why: y}\n", encoding="utf-8")
    with pytest.raises(BadParameters, match=r"ligne 5 : .*alimentations.*Écrivez « alimentation »"):
        read_routes(path)
    assert routes_of().versions
