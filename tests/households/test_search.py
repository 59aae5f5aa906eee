"""The search forgives accents, spelling, order and hyphens, and shows only what one may see."""

from collections.abc import Iterator

import pytest

from coordination.households.queries import household_codes, search
from coordination.kit.db import ActorSession
from coordination.kit.text import fold, sound
from tests.cast import Cast
from tests.households.make import open_household

PEOPLE = [
    ("Lefebvre", "Éloïse", "12/03/1984"),
    ("Ben Amar", "Youssef", "1990"),
    ("Dupont-Moretti", "Jean-Philippe", "05/1971"),
    ("Nguyen", "Thi Mai", ""),
    ("Kaczmarek", "Stéphanie", "30/07/1999"),
    ("D’Hondt", "Cécile", "01/01/1960"),
]


@pytest.fixture(scope="module")
def filled(cast: Cast) -> Cast:
    for family, given, birth in PEOPLE:
        open_household(cast.engine, cast.ccas.people["intake"], family, given, birth=birth)
    for n in range(40):
        open_household(cast.engine, cast.ccas.people["intake"], f"Figurant{n}", "Alex")
    return cast


@pytest.fixture
def worker(filled: Cast) -> Iterator[ActorSession]:
    with ActorSession(filled.engine, filled.ccas.people["intake"]) as session:
        yield session


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lefebvre eloise", "LEFEBVRE Éloïse"),
        ("Eloïse LEFEVRE", "LEFEBVRE Éloïse"),
        ("lefeb", "LEFEBVRE Éloïse"),
        ("benamar youssef", "BEN AMAR Youssef"),
        ("youcef ben-amar", "BEN AMAR Youssef"),
        ("jean philipe dupond moretti", "DUPONT-MORETTI Jean-Philippe"),
        ("moretti 1971", "DUPONT-MORETTI Jean-Philippe"),
        ("05/1971", "DUPONT-MORETTI Jean-Philippe"),
        ("n'guyen", "NGUYEN Thi Mai"),
        ("kazmarek stefanie", "KACZMAREK Stéphanie"),
        ("stéphanie 30/07/1999", "KACZMAREK Stéphanie"),
        ("dhondt cecile", "D’HONDT Cécile"),
    ],
)
def test_the_person_is_found_first(worker: ActorSession, typed: str, found: str) -> None:
    hits = search(worker, typed)
    assert hits, typed
    assert hits[0].name == found


def test_another_birth_year_finds_nobody(worker: ActorSession) -> None:
    assert search(worker, "lefebvre 1985") == []


def test_a_code_finds_its_household(worker: ActorSession) -> None:
    hit = search(worker, "lefebvre")[0]
    code = household_codes(worker, [hit.household_id])[hit.household_id]
    assert [h.household_id for h in search(worker, code.replace("-", "").lower())] == [hit.household_id]


def test_a_stranger_finds_nobody(filled: Cast) -> None:
    for organised in (filled.secours, filled.bonne_action, filled.elsewhere):
        with ActorSession(filled.engine, organised.people["intake"]) as session:
            assert all(search(session, f"{family} {given}") == [] for family, given, _ in PEOPLE)


@pytest.mark.parametrize("typed", ["", " ", "'", "%", "a", "\\", "--", "31/02/1990", "1899", "ñ", "李", "x" * 120])
def test_anything_typed_gives_an_answer(worker: ActorSession, typed: str) -> None:
    assert isinstance(search(worker, typed), list)


def test_names_that_sound_alike_share_a_key() -> None:
    for one, other in [
        ("dupond", "dupont"),
        ("philippe", "filipe"),
        ("martineau", "martino"),
        ("lefebvre", "lefebvre"),
    ]:
        assert sound(one) == sound(other)
    assert fold("Éloïse DE-LA Cœur") == "eloise de la coeur"
