"""Coming of age: she stays and answers for herself, or leaves for a file of her own; never too early."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from coordination.households import majority, queries
from coordination.households.majority import Lives, MajorityForm
from coordination.households.queries import NotHolder, Resident
from coordination.households.rules import Link
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.households.test_family import people
from tests.sharing.make import agree

YEAR = timedelta(days=366)


@pytest.fixture
def file_id(cast: Cast) -> UUID:
    """Sophie, Inès who is 19 and Léo who is 10, there for two years."""
    worker = cast.ccas.people["intake"]
    made = open_household(
        cast.engine,
        worker,
        people=(
            {"link": "child", "given_name": "Inès", "birth": f"01/01/{today().year - 19}"},
            {"link": "child", "given_name": "Léo", "birth": f"01/01/{today().year - 10}"},
        ),
    )
    with acting(cast.engine, worker) as session:
        for stay in queries.stays_of(session, made):
            stay.from_date = today() - 2 * YEAR
    return made


def named(cast: Cast, file_id: UUID, given: str) -> Resident:
    return next(r for r in people(cast, file_id, today()) if r.person.given_name == given)


def test_who_stays_has_her_link_from_that_day_and_the_past_keeps_its_own(
    cast: Cast, file_id: UUID, shared_base: Base
) -> None:
    ines = named(cast, file_id, "Inès")
    form = MajorityForm(lives=Lives.HERE, on=today(), link=Link.RELATIVE, version=ines.person.version)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        majority.come_of_age(session, file_id, ines.person.id, form)
    assert named(cast, file_id, "Inès").link is Link.RELATIVE
    assert Link.RELATIVE not in {r.link for r in people(cast, file_id, today() - timedelta(days=1))}
    lines = shared_base.admin(
        f"select count(*) from journal where verb = 'person.come_of_age' and household_id = '{file_id}'"
    )
    assert lines[0][0] == 1


def test_who_stays_a_child_of_the_house_is_not_asked_about_twice(
    cast: Cast, file_id: UUID, browser: Callable[[], Browser]
) -> None:
    ines = named(cast, file_id, "Inès")
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    assert "Noter sa majorité" in client.get(f"/foyers/{file_id}").text
    form = MajorityForm(lives=Lives.HERE, on=today(), link=Link.CHILD, version=ines.person.version)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        majority.come_of_age(session, file_id, ines.person.id, form)
    page = client.get(f"/foyers/{file_id}").text
    assert "Noter sa majorité" not in page
    assert "accord de partage n’est pas encore recueilli" in page
    assert "Majorité notée" in client.get(f"/foyers/{file_id}/chronologie").text


@pytest.mark.parametrize(("given", "years"), [("Léo", 0), ("Sophie", 0), ("Inès", 1)])
def test_nobody_comes_of_age_too_early_nor_who_is_no_child(cast: Cast, file_id: UUID, given: str, years: int) -> None:
    who = named(cast, file_id, given)
    form = MajorityForm(lives=Lives.HERE, on=today() - years * 2 * YEAR, link=Link.OTHER, version=who.person.version)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(majority.NotOfAge):
        majority.come_of_age(session, file_id, who.person.id, form)


def test_a_partner_writes_no_majority(cast: Cast, file_id: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    ines = named(cast, file_id, "Inès")
    form = MajorityForm(lives=Lives.OWN_FILE, on=today(), commune="Lens", version=ines.person.version)
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session, pytest.raises(NotHolder):
        majority.leave_for_own_file(session, file_id, ines.person.id, form)


def test_who_leaves_has_a_file_of_her_own_through_the_screen(
    cast: Cast, file_id: UUID, browser: Callable[[], Browser]
) -> None:
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    ines = named(cast, file_id, "Inès")
    place = f"/foyers/{file_id}/personnes/{ines.person.id}/majorite"
    assert client.get(f"/foyers/{file_id}").text.count(place) == 2, "in its part, and in its gist on a phone"
    assert "répond pour elle-même" in client.get(place).text
    typed = {"lives": "propre_dossier", "on": f"{today():%d/%m/%Y}", "version": str(ines.person.version)}
    missing = client.post(place, data=typed)
    assert (missing.status_code, "Écrivez la commune" in missing.text) == (422, True)
    stale = client.post(place, data={**typed, "commune": "Lens", "version": "99"})
    assert (stale.status_code, 'value="Lens"' in stale.text) == (409, True)
    made = client.post(place, data={**typed, "commune": "Lens"})
    assert made.status_code == 303
    own = UUID(made.headers["location"].split("?")[0].rsplit("/", 1)[-1])
    assert [(r.person.given_name, r.link) for r in people(cast, own)] == [("Inès", Link.REFERENCE)]
    assert {r.person.given_name for r in people(cast, file_id, today())} == {"Sophie", "Léo"}
