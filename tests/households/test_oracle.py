"""The question asked beyond the wall at creation: what it answers, and what 10,000 neighbours' names teach: nothing."""

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median

import pytest

from coordination.households import service
from coordination.households.rules import BirthDate, Precision, parse_birth
from coordination.kit.actor import Member
from coordination.kit.db import ActorSession, acting
from coordination.kit.text import fold
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.sharing.make import agree

TODAY = date(2026, 11, 21)
A_DAY = 20
NEIGHBOURS = 10_000
TIMED = 4
"""Questions of each day asked one by one, as a page does, and timed; the others come to the same door together."""
THE_SAME_DOOR = (
    "select access.known_in_network(name, born) as answer"
    " from unnest(cast(:names as text[]), cast(:days as date[])) with ordinality as asked(name, born, rank)"
    " order by rank"
)


def ask(cast: Cast, member: Member, family: str, given: str, birth: str) -> bool | None:
    with acting(cast.engine, member) as session:
        return service.known_in_network(session, family, given, parse_birth(birth, TODAY))


@pytest.fixture
def asker(cast: Cast, shared_base: Base) -> Iterator[Member]:
    """An intake worker of another organisation, who asked nothing yet today."""
    shared_base.admin("delete from network_question")
    yield cast.secours.people["intake"]
    shared_base.admin("delete from network_question")


@pytest.fixture(scope="module")
def neighbour(cast: Cast) -> None:
    open_household(cast.engine, cast.ccas.people["intake"], "De La Tour", "Élise-Anne", birth="12/03/1984")


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(
    ("family", "given", "birth", "answer"),
    [
        ("De La Tour", "Élise-Anne", "12/03/1984", True),
        ("DE LA TOUR", "elise anne", "12/03/1984", True),
        ("Élise Anne", "de-la-tour", "12/03/1984", True),
        ("De La Tour", "Élise", "12/03/1984", False),
        ("Delatour", "Élise-Anne", "12/03/1984", False),
        ("De La Tours", "Élise-Anne", "12/03/1984", False),
        ("De La Tour", "Élise-Anne", "13/03/1984", False),
        ("De La Tour", "Élise-Anne", "03/1984", False),
        ("De La Tour", "Élise-Anne", "1984", False),
        ("De La Tour", "Élise-Anne", "", False),
        ("De La Tour Élise Anne", "", "12/03/1984", False),
    ],
)
def test_the_exact_name_and_the_full_birth_date_alone_are_answered(
    cast: Cast, asker: Member, family: str, given: str, birth: str, answer: bool
) -> None:
    assert ask(cast, asker, family, given, birth) is answer


def test_a_birth_date_of_which_the_day_is_unknown_matches_nothing(cast: Cast, asker: Member) -> None:
    open_household(cast.engine, cast.ccas.people["intake"], "Presque", "Sûre", birth="1984")
    assert ask(cast, asker, "Presque", "Sûre", "01/01/1984") is False


@pytest.mark.usefixtures("neighbour")
def test_nothing_is_told_of_what_one_sees_already_nor_of_another_network(cast: Cast, asker: Member) -> None:
    assert ask(cast, cast.ccas.people["intake"], "De La Tour", "Élise-Anne", "12/03/1984") is False
    assert ask(cast, cast.elsewhere.people["intake"], "De La Tour", "Élise-Anne", "12/03/1984") is False
    shared = open_household(cast.engine, cast.ccas.people["intake"], "Tiers", "Paul", birth="02/02/1972")
    assert ask(cast, asker, "Tiers", "Paul", "02/02/1972") is True
    agree(cast.engine, cast.ccas.people["intake"], shared, [cast.secours], parts=("identity",))
    assert ask(cast, asker, "Tiers", "Paul", "02/02/1972") is False


@pytest.mark.parametrize("role", ["volunteer", "council", "coordinator", "dpo", "admin"])
def test_intake_alone_asks(cast: Cast, role: str) -> None:
    with ActorSession(cast.engine, cast.secours.people[role]) as session, pytest.raises(Exception, match="intake"):
        service.known_in_network(session, "De La Tour", "Élise-Anne", parse_birth("12/03/1984", TODAY))


def test_the_app_can_neither_read_nor_skip_the_counter(cast: Cast, asker: Member) -> None:
    for call in ("delete from network_question", "select access.may_ask('duplicate', 'network.ask')"):
        with ActorSession(cast.engine, asker) as session, pytest.raises(Exception, match="permission denied"):
            session.rows(call)


@pytest.mark.usefixtures("neighbour")
def test_ten_thousand_neighbours_names_without_the_birth_date_teach_nothing(
    cast: Cast, shared_base: Base, asker: Member
) -> None:
    """Half the names are of people who have a file, half of nobody; the dates typed are wrong. Same answer, same
    counters, same journal, and no difference of time one could use."""
    names = [f"Voisin{n} Camille" for n in range(NEIGHBOURS)]
    born = [date(1950, 1, 1) + timedelta(days=2 * (n % 9000)) for n in range(NEIGHBOURS)]
    household = shared_base.admin("select household_id from person where name_folded like 'de la tour%%' limit 1")[0][0]
    shared_base.admin(
        "insert into person (id, network_id, household_id, family_name, given_name, birth_date, birth_precision,"
        " name_folded, name_keys, version) select gen_random_uuid(), %s, %s, 'V', 'C', d, 'day', n, '', 1"
        " from unnest(%s::text[], %s::date[]) x(n, d)",
        cast.ccas.network_id,
        household,
        [fold(name) for name in names[::2]],
        born[::2],
    )
    answers: dict[bool, set[object]] = {True: set(), False: set()}
    times: dict[bool, list[float]] = {True: [], False: []}
    before = shared_base.admin("select count(*) from journal")[0][0]
    wrong = [day + timedelta(days=1) for day in born]
    with ActorSession(cast.engine, asker) as session:
        session.rows("select 1")
        for first in range(0, NEIGHBOURS, A_DAY):  # as if a day had passed: what is tried here is the answer
            session.commit()
            shared_base.admin("update network_question set at = at - interval '2 days'")
            together = slice(first, first + A_DAY - TIMED)
            said = session.rows(THE_SAME_DOOR, names=[fold(name) for name in names[together]], days=wrong[together])
            for rank, row in enumerate(said, first):
                answers[rank % 2 == 0].add(row.answer)
            timed = range(together.stop, first + A_DAY)
            for rank in timed if first // A_DAY % 2 else reversed(timed):  # the first one finds everything cold
                family, given = names[rank].split()
                began = time.perf_counter()
                answer = service.known_in_network(session, family, given, BirthDate(wrong[rank], Precision.DAY))
                times[rank % 2 == 0].append(time.perf_counter() - began)
                answers[rank % 2 == 0].add(answer)
        session.commit()
    assert answers == {True: {False}, False: {False}}
    assert 0.8 < median(times[True]) / median(times[False]) < 1.25
    assert shared_base.admin("select count(*) from journal")[0][0] == int(str(before)) + NEIGHBOURS
    told = shared_base.admin(
        "select distinct verb, subject, household_id, fields from journal where verb ~ '^network.ask'"
    )
    assert told == [("network.ask", "membership", None, [])]


@pytest.mark.usefixtures("neighbour")
def test_the_twenty_first_question_of_the_day_is_not_answered(cast: Cast, shared_base: Base, asker: Member) -> None:
    """Dates tried one after the other, as one who knows the name would: she is stopped, right date or not."""
    days = [date(1984, 2, 20) + timedelta(days=n) for n in range(A_DAY)]
    said = [ask(cast, asker, "De La Tour", "Élise-Anne", f"{day:%d/%m/%Y}") for day in days]
    assert said == [False] * A_DAY
    assert ask(cast, asker, "De La Tour", "Élise-Anne", "12/03/1984") is None
    assert ask(cast, asker, "Personne", "Inconnue", "12/03/1984") is None
    assert ask(cast, cast.epicerie.people["intake"], "De La Tour", "Élise-Anne", "12/03/1984") is True
    refused = shared_base.admin("select count(*) from journal where verb = 'network.ask_refused'")
    assert refused == [(2,)]


@pytest.mark.usefixtures("neighbour")
def test_the_screen_says_that_a_file_exists_and_nothing_else(
    cast: Cast, asker: Member, browser: Callable[[], Browser]
) -> None:
    client = browser().sign_in(cast.secours.emails["intake"], PASSWORD)
    typed = {"family_name": "De la Tour", "given_name": "Elise Anne", "birth": "12/03/1984", "commune": "Carvin"}
    answer = client.post("/foyers/nouveau", data=typed)
    assert answer.status_code == 409
    assert "Un dossier existe déjà dans le réseau" in answer.text
    for secret in ("CCAS", "Élise-Anne", "DE LA TOUR"):
        assert secret not in answer.text
    assert "Elise Anne" in answer.text  # what was typed is kept
    assert client.post("/foyers/nouveau", data={**typed, "confirm": "oui"}).status_code == 303


@pytest.mark.usefixtures("neighbour")
def test_a_spent_day_never_stops_a_family_from_being_received(
    cast: Cast, asker: Member, browser: Callable[[], Browser]
) -> None:
    for _ in range(A_DAY):
        ask(cast, asker, "Personne", "Inconnue", "01/01/1990")
    client = browser().sign_in(cast.secours.emails["intake"], PASSWORD)
    typed = {"family_name": "Neuf", "given_name": "Tout", "birth": "12/03/1984", "commune": "Carvin"}
    answer = client.post("/foyers/nouveau", data=typed)
    assert answer.status_code == 409
    assert "Le réseau n’a pas été interrogé" in answer.text
    assert client.post("/foyers/nouveau", data={**typed, "confirm": "oui"}).status_code == 303
