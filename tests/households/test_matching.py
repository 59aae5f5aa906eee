"""How names, streets and telephones are compared; and, on names damaged as people damage them, how many are found."""

import random
import string
from collections.abc import Iterator
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coordination.households.finding import search
from coordination.households.matching import (
    Query,
    keys_of,
    mistyped,
    names_alike,
    national,
    network_of,
    read_asked,
    words_of,
)
from coordination.kit.db import ActorSession
from coordination.kit.roles import libpq
from coordination.kit.text import fold, skeleton
from tests.cast import Cast
from tests.conftest import Base

TODAY = date(2026, 11, 22)
SYLLABLES = (
    *("bar", "bel", "che", "dan", "dur", "fa", "gau", "jou", "la", "le", "lan", "mar", "mo", "ner", "pe", "ri", "rou"),
    *("sa", "sel", "ta", "tin", "va", "vi", "zo", "ber", "din", "el", "ine", "ette"),
)
PEOPLE = 400


@pytest.mark.parametrize(
    "typed", ["06 12 34 56 78", "+33612345678", "0033 6 12 34 56 78", "33612345678", "06.12.34.56.78"]
)
def test_a_french_number_is_one_however_it_is_written(typed: str) -> None:
    assert national(typed) == "612345678"


@pytest.mark.parametrize(
    ("typed", "words", "births", "digits"),
    [
        ("Martin Sophie", ("martin", "sophie"), [], ()),
        ("martin 12/03/1984", ("martin",), ["12/03/1984"], ()),
        ("martin 1984", ("martin",), ["1984"], ()),
        ("1984", (), ["1984"], ("1984",)),
        ("martin 06 12 34", ("martin",), [], ("06 12 34",)),
        ("12 rue Pasteur", ("12", "rue", "pasteur"), [], ()),
        ("99/99/2000", (), [], ()),
        ("+33 (0)6", (), [], ("+33 (0)6",)),
    ],
)
def test_what_is_typed_is_read_as_people_mean_it(
    typed: str, words: tuple[str, ...], births: list[str], digits: tuple[str, ...]
) -> None:
    asked = read_asked(typed, TODAY)
    assert (asked.words, [str(birth) for birth in asked.births], asked.digits) == (words, births, digits)


LONGEST_QUESTION = 1 << 20
"""Beyond, PostgreSQL refuses a `tsquery`, and writes it whole in its log with the names that were typed."""


@given(st.text(max_size=240))
@example("\ufdfa" * 240)  # one sign, a sentence of eighteen letters
@example("\u3300" * 240)
@example(" ".join("abcd" for _ in range(48)))
@example(" ".join("abcdefgh" for _ in range(27)))
def test_whatever_is_typed_makes_a_question_that_postgresql_reads(typed: str) -> None:
    words, query = words_of(typed), Query(network_of(uuid4()))
    asked = [query.names(words), query.names_loosely(words), query.some_name(words), query.street(words)]
    assert max(map(len, asked)) < LONGEST_QUESTION
    assert len(keys_of(uuid4(), typed)) < LONGEST_QUESTION


def test_a_mistyped_date_is_told_from_another_one() -> None:
    born = date(1984, 3, 12)
    for near in (date(1984, 3, 13), date(1984, 12, 3), date(1948, 3, 12), date(1984, 3, 21), date(1985, 3, 12)):
        assert mistyped(born, near)
    for other in (date(1985, 4, 12), date(1991, 7, 2), date(1984, 4, 13)):
        assert not mistyped(born, other)


def test_every_way_of_writing_an_arabic_name_has_the_same_bones() -> None:
    assert {skeleton(fold(name)) for name in ("Mohamed", "Mohammed", "Muhammad", "Mouhamad", "محمد")} == {"mhmd"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_anything_is_folded_once_for_all_and_makes_keys_a_person_is_alike_to_herself(one: str, other: str) -> None:
    folded = fold(f"{one} {other}")
    assert fold(folded) == folded
    assert "'" not in keys_of(uuid4(), folded).replace("' '", "").strip("'")
    if folded:
        assert names_alike(folded.split(), folded.split()) == 1.0


# ------------------------------------------------------------------ how many are found


def damaged(draw: random.Random, word: str) -> str:
    """One fault of typing: a letter dropped, doubled, changed, or two exchanged."""
    i = draw.randrange(len(word) - 1)
    return draw.choice(
        [
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
            word[:i] + draw.choice(string.ascii_lowercase) + word[i + 1 :],
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
        ]
    )


@pytest.fixture(scope="module")
def crowd(cast: Cast, shared_base: Base) -> list[tuple[str, str]]:
    """Four hundred people of made-up names, written past the wall."""
    draw = random.Random(1984)
    worker = cast.ccas.people["intake"]
    here = (worker.network_id, worker.organisation_id)
    made: list[tuple[str, str]] = []
    with psycopg.connect(libpq(shared_base.admin_url), autocommit=True) as admin, admin.cursor() as cursor:
        for n in range(PEOPLE):
            family, given_name = ("".join(draw.choices(SYLLABLES, k=draw.choice((2, 3)))) for _ in "ab")
            file, code = uuid4(), f"R{n}"
            cursor.execute(
                "insert into household (id, network_id, code, holder_organisation_id, opened_at, closing_reason)"
                " values (%s, %s, %s, %s, now(), '')",
                [file, here[0], code, here[1]],
            )
            cursor.execute(
                "insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope,"
                " audience, ground, valid_from)"
                " values (gen_random_uuid(), %s, %s, %s, %s, 'identity', 'all', 'holder', '2020-01-01')",
                [here[0], file, here[1], here[1]],
            )
            names = fold(f"{family} {given_name}")
            cursor.execute(
                "insert into person (id, network_id, household_id, family_name, given_name, birth_precision,"
                " name_folded, name_keys, version) values (gen_random_uuid(), %s, %s, %s, %s, 'unknown', %s, %s, 1)",
                [here[0], file, family, given_name, names, keys_of(here[0], names)],
            )
            made.append((f"{damaged(draw, family)} {damaged(draw, given_name)}", code))
    return made


@pytest.fixture
def worker(cast: Cast) -> Iterator[ActorSession]:
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        yield session


def test_with_a_fault_in_each_name_nearly_everybody_is_found_and_nearly_always_first(
    worker: ActorSession, crowd: list[tuple[str, str]]
) -> None:
    ranks = []
    for typed, code in crowd[::2]:
        found = [hit.code for hit in search(worker, typed, most=10)]
        ranks.append(found.index(code) if code in found else None)
    assert sum(rank is not None for rank in ranks) / len(ranks) >= 0.97
    assert sum(rank == 0 for rank in ranks) / len(ranks) >= 0.93
