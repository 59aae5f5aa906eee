"""Whom a barème shuts out: the door's rows, the page, the version taken away. The figures are in test_disclosure."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError
from starlette.datastructures import FormData
from typer.testing import CliRunner

from coordination.budgets import queries as budgets
from coordination.budgets import service
from coordination.budgets.baremes import load_baremes, read_scheme
from coordination.budgets.batch import route
from coordination.budgets.forms import BudgetForm
from coordination.budgets.population import Ages, People
from coordination.budgets.rules import LineKind, Result, reste_a_vivre
from coordination.budgets.units import age_range
from coordination.cli import app as command_line
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.forms import read
from coordination.simulators import crowd as crowds
from coordination.simulators import impact_pages, queries
from coordination.simulators.crowd import GROUPS, By, Crowd, kind_of
from coordination.simulators.moves import knobs, move
from tests.budgets.make import BAREMES, draft, partners_with_baremes, typed, validated
from tests.cast import PASSWORD, Organised, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.simulators.make import unbound

K = LineKind
BIRTHS = ("12/03/1990", "04/1958", "1971", "", "29/02/2000")
CHILDREN = ("2016", "04/2019", "12/11/2009", "")


@dataclass
class Network:
    """A network with enough validated budgets, and who asks."""

    base: Base
    worker: Member
    coordinator: Member
    ccas: Organised
    households: list[UUID]


@pytest.fixture(scope="module")
def home(shared_base: Base) -> Network:
    ccas = partners_with_baremes(shared_base.engine)["ccas-carvin"]
    for role in (Role.COORDINATOR, Role.COUNCIL, Role.DPO):
        add_person(shared_base.engine, ccas, role.value, [role], professional=True)
    worker, made = ccas.people["intake"], []
    for rank in range(15):
        people = tuple({"given_name": "Enfant", "birth": CHILDREN[rank % 4], "link": "child"} for _ in range(rank % 3))
        household = open_household(shared_base.engine, worker, f"Famille {rank}", birth=BIRTHS[rank % 5], people=people)
        lines = {K.RSA: str(400 + 31 * rank), K.LOYER: "200", K.TELEPHONE: "75,40"}
        lines |= {K.APL: "120,10", K.AEEH: "142,70"} if rank % 2 else {K.SALAIRE: str(20 * rank)}
        more = {"lines-8-landlord": "oui", "lines-12-period": "bimonthly"} if rank % 4 == 1 else {}
        made.append(_validated(shared_base, worker, household, lines, more))
    draft(shared_base.engine, worker, open_household(shared_base.engine, worker, "Brouillon"))
    return Network(shared_base, worker, ccas.people["coordinator"], ccas, made)


def _validated(base: Base, worker: Member, household: UUID, lines: dict[K, str], more: dict[str, str]) -> UUID:

    form, state = read(BudgetForm, FormData(typed(lines, 1, more)))
    assert form is not None, state.errors
    with acting(base.engine, worker) as session:
        made = service.start_assessment(session, household)
        service.save_lines(session, household, made.id, form)
    with acting(base.engine, worker) as session:
        service.validate_assessment(session, household, made.id, 2)
    return household


@pytest.fixture
def fresh(home: Network) -> Iterator[Network]:
    """Nobody has asked anything today."""
    home.base.admin("delete from network_question")
    yield home
    home.base.admin("delete from network_question")


def asked(network: Network, member: Member, parts: int = 1) -> list[Any]:
    """The sheaves of the network, or nothing once the day's limit is reached."""
    with ActorSession(network.base.engine, member) as session:
        if session.door("access.impact_question()") is None:
            session.commit()
            return []
        given = [sheaf for part in range(parts) for sheaf in rows_of(session, part, parts)]
        session.commit()
        return given


def rows_of(session: ActorSession, part: int, parts: int) -> list[Any]:
    return session.rows("select * from access.impact_rows(:part, :parts)", part=part, parts=parts)


def households(sheaves: list[Any]) -> list[Any]:
    return [household for sheaf in sheaves for household in unbound(sheaf)]


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# ------------------------------------------------------------------ the door


def test_the_door_gives_each_household_once_and_nothing_that_says_which(fresh: Network) -> None:
    sheaves = asked(fresh, fresh.coordinator)
    assert len(households(sheaves)) == len(fresh.households)
    columns = {"people", "activity", "age_band", "ranks", "kinds", "twelfths", "proved", "landlord"}
    assert set(sheaves[0]._fields) == columns
    told = " ".join(str(tuple(row)) for row in sheaves)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", told)
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}", told)
    assert "Famille" not in told
    assert "Carvin" not in told
    for (code,) in fresh.base.admin("select code from household"):
        assert str(code) not in told
    assert all(re.fullmatch(r"[01](;\d+ \d+ [\d/]+ [01])+", people) for people in sheaves[0].people)


@pytest.mark.parametrize("parts", [2, 7, 300])
def test_read_in_parts_it_is_the_same_network(fresh: Network, parts: int) -> None:
    whole = sorted(households(asked(fresh, fresh.coordinator)))
    assert sorted(households(asked(fresh, fresh.coordinator, parts))) == whole


def test_coordinators_and_the_conseil_alone_may_ask(fresh: Network) -> None:
    council = fresh.ccas.people["council"]
    assert len(households(asked(fresh, council))) == len(fresh.households)
    for member in (fresh.worker, fresh.ccas.people["dpo"], replace(council, roles=frozenset({"admin", "volunteer"}))):
        with pytest.raises(ProgrammingError, match="asked by coordinators"):
            asked(fresh, member)
        with ActorSession(fresh.base.engine, member) as session, pytest.raises(ProgrammingError, match="asked by"):
            rows_of(session, 0, 1)


def test_nothing_is_read_without_a_question_of_the_last_quarter_of_an_hour(fresh: Network) -> None:
    with ActorSession(fresh.base.engine, fresh.coordinator) as session, pytest.raises(ProgrammingError, match="first"):
        rows_of(session, 0, 1)
    asked(fresh, fresh.coordinator)
    fresh.base.admin("update network_question set at = at - interval '16 minutes'")
    with ActorSession(fresh.base.engine, fresh.coordinator) as session, pytest.raises(ProgrammingError, match="first"):
        rows_of(session, 0, 1)


def test_another_network_is_never_counted(fresh: Network, cast: Any) -> None:
    assert households(asked(fresh, cast.elsewhere.people["coordinator"])) == []


def test_each_question_is_a_line_of_the_journal_and_the_day_has_sixty(fresh: Network) -> None:
    before = lines(fresh)
    asked(fresh, fresh.coordinator, 3)
    assert lines(fresh) - before == Counter({"impact.simulate": 1})
    for _ in range(59):
        asked(fresh, fresh.coordinator, 0)
    assert asked(fresh, fresh.coordinator) == []
    assert lines(fresh) - before == Counter({"impact.simulate": 60, "impact.refused": 1})
    assert len(households(asked(fresh, fresh.ccas.people["council"]))) == len(fresh.households)
    fresh.base.admin("update network_question set at = at - interval '25 hours'")
    assert len(households(asked(fresh, fresh.coordinator))) == len(fresh.households)


def lines(network: Network) -> Counter[str]:
    return Counter(str(verb) for (verb,) in network.base.admin("select verb from journal where verb like 'impact%'"))


def test_a_household_counts_once_by_its_last_budget_while_its_file_is_open(fresh: Network) -> None:
    engine, worker = fresh.base.engine, fresh.worker
    household = open_household(engine, worker, "Deux budgets", birth="1980")
    validated(engine, worker, household, {K.RSA: "100"})
    validated(engine, worker, household, {K.RSA: "77"})
    rows = households(asked(fresh, fresh.coordinator))
    assert len(rows) == len(fresh.households) + 1
    assert [[line[1] for line in typed] for *_, typed in rows].count([77_00 * 12]) == 1
    fresh.base.admin("update household set closed_at = now() where id = %s", household)
    assert len(households(asked(fresh, fresh.coordinator))) == len(fresh.households)


def test_a_protected_file_is_counted_like_any_other(fresh: Network) -> None:
    before = sorted(households(asked(fresh, fresh.coordinator)))
    with acting(fresh.base.engine, fresh.worker) as session:
        session.door("access.protect(:id, :named)", id=fresh.households[0], named=[fresh.worker.membership_id])
    assert sorted(households(asked(fresh, fresh.coordinator))) == before


# ------------------------------------------------------------------ both paths


@pytest.mark.parametrize("code", sorted(load_baremes(BAREMES).schemes))
def test_the_doors_rows_are_answered_as_each_household_is_alone(home: Network, fresh: Network, code: str) -> None:
    """Zone, value and group of every household, from the frozen budget and from the row without a name."""
    rule = load_baremes(BAREMES).current(code, today())
    crowd = Crowd(b"clef")
    for sheaf in asked(fresh, fresh.coordinator, 2):
        crowd.add(sheaf)
    routed = route(rule, crowd.population)
    groups = ["unknown", *GROUPS[By.COMPOSITION]]
    kinds = [groups[rank + 1] for rank in crowd.groups(By.COMPOSITION)]
    together = Counter((routed.zone(row), routed.value_cents(row), kinds[row]) for row in range(len(crowd)))
    alone: Counter[Any] = Counter()
    with ActorSession(home.base.engine, home.worker) as session:
        for household in home.households:
            composition, _ = budgets.composition_of(session, household, today())
            (current,) = [a for a in budgets.assessments_of(session, household) if a.status == "validated"]
            given = reste_a_vivre(rule, composition, budgets.lines_of(session, [current.id])[current.id], today())
            answered = (given.zone, given.value_cents) if isinstance(given, Result) else (None, None)
            alone[*answered, _kind(composition)] += 1
    assert together == alone


def _kind(composition: Any) -> str:
    """The group from birth dates themselves."""
    ages = [Ages(*age_range(head, today()), head.weight, head.unborn) for head in composition.heads]
    return kind_of(People(tuple(ages), composition.single_parent))


# ------------------------------------------------------------------ the page


@pytest.fixture
def page(fresh: Network, browser: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A coordinator, where fifteen households are enough: making thirty takes long."""
    monkeypatch.setattr(crowds, "FEWEST_HOUSEHOLDS", len(fresh.households))
    return browser().sign_in(fresh.ccas.emails["coordinator"], PASSWORD)


def test_the_first_words_answer_the_networks_question(page: Browser) -> None:
    said = text(page.get("/impact").text)
    assert "Qui notre façon de calculer laisse-t-elle dehors ?" in said
    assert re.search(r"Aujourd’hui, (environ \d+ foyers sur environ \d+|très peu de foyers) restent dehors", said)
    assert "CCAS de Carvin (démonstration)" in said
    assert page.get("/impact", params={"bareme": "secours-populaire"}).status_code == 200
    assert page.get("/impact", params={"bareme": "les-epis"}).status_code == 404
    assert page.get("/impact", params={"bareme": "../../x"}).status_code == 404


def test_moved_numbers_are_answered_in_words_in_a_table_and_in_bars(page: Browser) -> None:
    answer = page.post("/impact", data={"bareme": "ccas-carvin", "family_0": "4,00", "family_1": "5"})
    assert answer.status_code == 200
    assert "« éligible » en dessous de : 8,00 € → 4,00 €" in text(answer.text)
    assert "sortiraient" in text(answer.text)
    assert "impact-bar" in answer.text
    assert 'value="4,00"' in answer.text
    same = page.post("/impact", data={"bareme": "ccas-carvin", "family_0": "8"})
    assert "Aucun nombre n’a bougé" in text(same.text)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"family_0": "8,05"}, "bouge par pas de 0,10 €"),
        ({"family_0": "huit"}, "en chiffres seulement"),
        ({"family_0": "-1"}, "de 0 à"),
        ({"family_0": "12", "family_1": "10"}, "se recouvrent"),
        ({"days": "29"}, "réponses proposées"),
        ({"weight_child": "0,55"}, "par dixièmes"),
        ({"weight_child": "9"}, "de 0 à 2"),
        ({"weight_child": "beaucoup"}, "Écrivez un nombre"),
        ({"cap_telephone_0": "61"}, "par pas de 5,00 €"),
    ],
)
def test_a_fault_is_told_and_costs_no_question(page: Browser, fresh: Network, typed: dict[str, str], says: str) -> None:
    before = lines(fresh)
    answer = page.post("/impact", data={"bareme": "ccas-carvin", "weight_unborn": "0,3"} | typed)
    assert answer.status_code == 422
    assert says in text(answer.text)
    assert 'value="0,3"' in answer.text
    assert all(f'value="{value}"' in answer.text for name, value in typed.items() if name != "days")
    assert lines(fresh) == before


def test_each_run_is_journalled_even_when_the_rows_are_still_in_memory(page: Browser, fresh: Network) -> None:
    before = lines(fresh)
    for _ in range(3):
        page.post("/impact", data={"bareme": "ccas-carvin", "family_0": "8,50"})
    assert lines(fresh) - before == Counter({"impact.simulate": 3})
    fresh.base.admin("update network_question set kind = 'impact' where true")
    member = fresh.coordinator.membership_id
    fresh.base.admin(
        "insert into network_question select gen_random_uuid(), %s, 'impact', now() from generate_series(1, 60)", member
    )
    answer = page.post("/impact", data={"bareme": "ccas-carvin", "family_0": "8,50"})
    assert answer.status_code == 429
    assert "60 essais" in text(answer.text)
    assert (lines(fresh) - before)["impact.refused"] == 1


def test_a_network_with_few_households_is_told_nothing(page: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "FEWEST_HOUSEHOLDS", 500)
    answer = page.post("/impact", data={"bareme": "ccas-carvin", "family_0": "8,50"})
    assert "Trop peu de foyers" in text(answer.text)
    assert "environ" not in text(answer.text)
    assert "impact-bar" not in answer.text


def test_a_network_without_a_bareme_is_told_so(cast: Any, browser: Any) -> None:
    council = browser().sign_in(cast.ccas.emails["council"], PASSWORD)
    assert "Aucun barème dans ce réseau" in text(council.get("/impact").text)


def test_rows_are_forgotten_after_ten_minutes(fresh: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = queries.Crowds(b"clef")
    moment = [0.0]
    monkeypatch.setattr(queries, "monotonic", lambda: moment[0])
    with ActorSession(fresh.base.engine, fresh.coordinator) as session:
        first = kept.of(session, 9).crowd
        moment[0] = 599.0
        assert kept.of(session, 9).crowd is first
        moment[0] = 601.0
        assert kept.of(session, 9).crowd is not first


def test_a_large_network_is_read_by_parts_under_a_bar_that_moves_and_counts_one_run(
    page: Browser, fresh: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PART", 4)
    monkeypatch.setattr(impact_pages, "WHEN_ASKED", 0)
    kept = queries.Crowds(b"clef")
    monkeypatch.setattr(impact_pages, "_crowds", lambda _: kept)
    before = lines(fresh)
    typed = {"bareme": "ccas-carvin", "family_0": "8,50"}
    ((budgets,),) = fresh.base.admin(
        "select count(*) from assessment where network_id = %s and status = 'validated'", fresh.ccas.network_id
    )
    parts = -(-int(str(budgets)) // 4)
    for done in range(1, parts):
        answer = page.post("/impact", data=typed)
        assert f"Parts du réseau lues : {done} sur {parts}" in text(answer.text)
        assert 'name="family_0" value="8,50"' in answer.text
        assert "foyers" not in text(answer.text)
    assert "8,00 € → 8,50 €" in text(page.post("/impact", data=typed).text)
    assert lines(fresh) - before == Counter({"impact.simulate": 1})
    assert "restent dehors" in text(page.get("/impact").text)
    assert lines(fresh) - before == Counter({"impact.simulate": 2})


# ------------------------------------------------------------------ the version taken away


def test_the_version_tried_is_taken_away_as_a_file_that_check_policies_accepts(page: Browser, tmp_path: Path) -> None:
    typed = {"bareme": "ccas-carvin", "family_0": "8,50", "weight_child": "0,5", "cap_telephone_0": "55"}
    title = "Délibération du 12 janvier : « seuils »"
    answer = page.post("/impact/version", data=typed | {"first_day": "01/02/2027", "source_title": title})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="ccas-carvin.yaml"'
    for path in BAREMES.glob("*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "ccas-carvin.yaml").write_text(answer.text, encoding="utf-8")
    scheme = read_scheme(tmp_path / "ccas-carvin.yaml")
    before, after = scheme.at(date(2026, 12, 1)), scheme.at(date(2027, 2, 1))
    assert before is not None
    assert after is not None
    assert before == load_baremes(BAREMES).current("ccas-carvin", date(2026, 12, 1))
    assert (after.zones[0].bound_cents, str(after.weights.child), after.source.title) == (8_50, "1/2", title)
    said = CliRunner().invoke(command_line, ["check-policies", str(tmp_path)])
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"first_day": "01/01/2026"}, "après celui de la dernière version"),
        ({"first_day": "31/02/2027"}, "n’existe pas dans le calendrier"),
        ({"source_title": ""}, "la décision qui l’adopte"),
        ({"source_title": "x" * 200}, "la décision qui l’adopte"),
        ({"family_0": "8"}, "Aucun nombre n’a bougé"),
    ],
)
def test_a_version_needs_a_later_day_a_decision_and_something_moved(
    page: Browser, typed: dict[str, str], says: str
) -> None:
    whole = {"bareme": "ccas-carvin", "family_0": "8,50", "first_day": "01/02/2027", "source_title": "Délibération"}
    answer = page.post("/impact/version", data=whole | typed)
    assert answer.status_code == 422
    assert says in text(answer.text)


@pytest.mark.parametrize("code", sorted(load_baremes(BAREMES).schemes))
def test_nothing_typed_moves_nothing_and_every_number_says_where_it_stands(code: str) -> None:
    rule = load_baremes(BAREMES).current(code, today())
    every = [knob for each in knobs(rule).values() for knob in each]
    assert len({knob.name for knob in every}) == len(every)
    moved, faults = move(rule, {knob.name: knob.today for knob in every})
    assert faults == {}
    assert moved is not None
    assert (moved.words, replace(moved.bareme, digest=rule.digest)) == ((), rule)
