"""Services outside the network: who keeps them, when they are there, and what is typed is never lost."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.directory import queries, service
from coordination.directory.rules import Day, Presence, suits
from coordination.kit.db import acting
from coordination.kit.errors import NotAllowed, NotKnown, Stale
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.directory.make import outside, told

MONDAY = date(2026, 11, 23)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def test_a_coordinator_writes_a_service_down_and_every_member_of_the_network_reads_it(cast: Cast) -> None:
    made = outside(cast.engine, cast.ccas.people["coordinator"], communes="Carvin\nLibercourt, Carvin")
    with acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        row = queries.service_of(session, made)
    assert (row.name, row.communes, row.active) == ("Point justice", ["Carvin", "Libercourt"], True)


def test_another_network_and_other_roles_stay_out(cast: Cast) -> None:
    made = outside(cast.engine, cast.ccas.people["admin"])
    with acting(cast.engine, cast.elsewhere.people["coordinator"]) as session, pytest.raises(NotKnown):
        queries.service_of(session, made)
    with acting(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(NotAllowed):
        service.change(session, made, told())


def test_of_two_who_change_it_at_once_the_second_is_told(cast: Cast) -> None:
    coordinator = cast.ccas.people["coordinator"]
    made = outside(cast.engine, coordinator)
    with acting(cast.engine, coordinator) as session:
        service.change(session, made, told(name="Point justice de Lens"))
    with acting(cast.engine, coordinator) as session, pytest.raises(Stale):
        service.change(session, made, told(name="Autre"))
    with acting(cast.engine, coordinator) as session:
        assert queries.service_of(session, made).name == "Point justice de Lens"


# ------------------------------------------------------------------ when it is there


@given(DAYS, DAYS, DAYS)
def test_a_closure_holds_both_its_ends_and_not_a_day_more(first: date, last: date, on: date) -> None:
    closed = Presence(closed_from=first, closed_until=last)
    assert closed.is_closed(on) == (first <= on <= last)
    assert closed.takes(on) == closed.is_open(on) == (not closed.is_closed(on))


@given(DAYS, st.integers(-3, 3))
def test_a_full_service_takes_again_the_day_after(until: date, days: int) -> None:
    full = Presence(full_until=until)
    on = until + timedelta(days=days)
    assert full.takes(on) == (days > 0)
    assert full.is_open(on)


def test_a_day_of_the_week_when_it_is_shut_is_no_reason_not_to_refer() -> None:
    mondays = Presence(open_days=[Day.MONDAY.value])
    assert mondays.is_open(MONDAY)
    assert not mondays.is_open(MONDAY + timedelta(days=1))
    assert mondays.takes(MONDAY + timedelta(days=1))
    assert not Presence(active=False).takes(MONDAY)


def test_a_service_that_names_no_commune_serves_them_all() -> None:
    assert suits(["droits"], [], "droits", "Carvin")
    assert suits(["droits"], ["CARVIN "], "droits", "carvin")
    assert not suits(["droits"], ["Lens"], "droits", "Carvin")
    assert not suits(["logement"], [], "droits", "Carvin")


# ------------------------------------------------------------------ pages


@pytest.fixture
def coordinator(cast: Cast, browser: Callable[[], Browser]) -> Browser:
    return browser().sign_in(cast.ccas.emails["coordinator"], PASSWORD)


RECORD = {"name": "Mission locale", "email": "accueil@ml.exemple.fr", "domains": ["emploi"], "open_days": ["lundi"]}


def test_the_record_is_written_then_changed_on_the_pages(coordinator: Browser) -> None:
    answer = coordinator.post("/services/nouveau", data=RECORD | {"full_until": "31/12/2099", "capacity": "12"})
    assert answer.status_code == 303
    listed = coordinator.get("/services").text
    assert "Mission locale" in listed
    assert "Complet jusqu’au 31 décembre 2099" in listed
    page = listed.split('">Mission locale</a>')[0].rpartition('href="')[2]
    assert 'value="31/12/2099"' in coordinator.get(page).text
    assert coordinator.post(page, data=RECORD | {"version": "1", "ended": "oui"}).status_code == 303
    assert "Plus utilisé" in coordinator.get("/services").text
    stale = coordinator.post(page, data=RECORD | {"version": "1", "name": "Tapé en dernier"})
    assert stale.status_code == 409
    assert "Quelqu’un a modifié cette fiche" in stale.text
    assert "Tapé en dernier" in stale.text
    assert "Enregistré : « Mission locale »." in stale.text.replace("\xa0", " ")


def test_whom_the_rules_of_referral_name_in_vain_is_said_to_whoever_can_add_it(
    cast: Cast, shared_base: Base, coordinator: Browser, browser: Callable[[], Browser]
) -> None:
    shared_base.admin("update outside_service set active = false where name ilike 'point%justice'")
    unknown = "« ccas-carvin » et « Point-justice », que ce réseau ne connaît pas"
    assert unknown in coordinator.get("/services").text.replace("\xa0", " ")
    assert "ne connaît pas" not in browser().sign_in(cast.ccas.emails["intake"], PASSWORD).get("/services").text
    assert coordinator.post("/services/nouveau", data=RECORD | {"name": "POINT-JUSTICE"}).status_code == 303
    assert "Point-justice" not in coordinator.get("/services").text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": "pas une adresse"}, "n’est pas complet"),
        ({"email": "a@b.fr\nBcc: x@y.fr"}, "n’est pas complet"),
        ({"domains": []}, "Choisissez au moins une réponse"),
        ({"domains": ["inconnu"]}, "Choisissez une des réponses proposées"),
        ({"closed_from": "10/12/2026"}, "dernier jour de la fermeture"),
        ({"closed_from": "10/12/2026", "closed_until": "01/12/2026"}, "finit avant de commencer"),
        ({"capacity": "beaucoup"}, "Un nombre est attendu"),
        ({"full_until": "demain"}, "Date illisible"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    coordinator: Browser, wrong: dict[str, object], sentence: str
) -> None:
    answer = coordinator.post("/services/nouveau", data=RECORD | {"name": "Jamais gardé"} | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Jamais gardé" in answer.text
    assert "Jamais gardé" not in coordinator.get("/services").text
