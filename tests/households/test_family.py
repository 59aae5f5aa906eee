"""Families in time: leaving, coming back, dying, one reference person, nobody twice on a day, closed files."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from coordination.households import family, life, queries, service
from coordination.households.forms import (
    CloseForm,
    DeathForm,
    LeaveForm,
    PersonForm,
    ProfileForm,
    ReturnForm,
)
from coordination.households.models import Stay
from coordination.households.queries import Closed, NotHolder, Resident
from coordination.households.rules import ClosingReason, EndReason, Link
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotNow, Stale
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree

OPENED = date(2025, 1, 10)
MID = date(2025, 6, 30)


def household(cast: Cast, *links: Link) -> UUID:
    """A file whose people have been there since 10 January 2025."""
    worker = cast.ccas.people["intake"]
    file_id = open_household(
        cast.engine, worker, people=tuple({"link": link.value, "given_name": link.label} for link in links)
    )
    with acting(cast.engine, worker) as session:
        for stay in queries.stays_of(session, file_id):
            stay.from_date = OPENED
    return file_id


def people(cast: Cast, file_id: UUID, on: date | None = None) -> list[Resident]:
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        return queries.residents(session, file_id, on)


def links(cast: Cast, file_id: UUID, on: date) -> dict[str, Link]:
    return {r.person.given_name: r.link for r in people(cast, file_id, on)}


def leaves(cast: Cast, file_id: UUID, who: Resident, on: date = MID, successor: UUID | None = None) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        current = queries.person_of(session, file_id, who.person.id).person.version
        form = LeaveForm(on=on, reason=EndReason.ELSEWHERE, successor=successor, version=current)
        family.leave(session, file_id, who.person.id, form)


def comes_back(cast: Cast, file_id: UUID, who: Resident, on: date, link: Link = Link.PARTNER) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        current = queries.person_of(session, file_id, who.person.id).person.version
        family.come_back(session, file_id, who.person.id, ReturnForm(on=on, link=link, version=current))


def dies(cast: Cast, file_id: UUID, who: Resident, on: date = MID, successor: UUID | None = None) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        current = queries.person_of(session, file_id, who.person.id).person.version
        family.die(session, file_id, who.person.id, DeathForm(on=on, successor=successor, version=current))


def test_who_leaves_is_there_on_her_last_day_and_no_longer_the_next(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    leaves(cast, file_id, partner)
    assert links(cast, file_id, MID) == {"Sophie": Link.REFERENCE, "Conjoint·e": Link.PARTNER}
    assert links(cast, file_id, MID + timedelta(days=1)) == {"Sophie": Link.REFERENCE}


def test_who_comes_back_is_the_same_person_in_a_new_stay(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    leaves(cast, file_id, partner)
    comes_back(cast, file_id, partner, date(2025, 9, 1))
    stays = [r for r in people(cast, file_id) if r.person.id == partner.person.id]
    assert [(r.stay.from_date, r.stay.until_date) for r in stays] == [(OPENED, MID), (date(2025, 9, 1), None)]
    assert links(cast, file_id, date(2025, 8, 1)) == {"Sophie": Link.REFERENCE}
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert queries.person_of(session, file_id, partner.person.id).stay.until_date is None


def test_nobody_comes_back_before_having_left(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    with pytest.raises(family.StillThere):
        comes_back(cast, file_id, partner, date(2025, 9, 1))
    leaves(cast, file_id, partner)
    with pytest.raises(family.StillThere):
        comes_back(cast, file_id, partner, MID)
    with pytest.raises(family.AlreadyGone):
        leaves(cast, file_id, partner, MID + timedelta(days=9))
    with pytest.raises(family.NotYetThere):
        leaves(cast, file_id, people(cast, file_id)[0], OPENED - timedelta(days=1))


def test_the_reference_person_names_who_follows_and_the_past_keeps_its_links(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER, Link.CHILD)
    reference, partner, _ = people(cast, file_id)
    with pytest.raises(family.WhoIsReference):
        leaves(cast, file_id, reference)
    leaves(cast, file_id, reference, successor=partner.person.id)
    before = {"Sophie": Link.REFERENCE, "Conjoint·e": Link.PARTNER, "Enfant": Link.CHILD}
    assert links(cast, file_id, MID) == before
    assert links(cast, file_id, MID + timedelta(days=1)) == {"Conjoint·e": Link.REFERENCE, "Enfant": Link.CHILD}
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert queries.file_header(session, file_id).name == "MARTIN Conjoint·e"


def test_the_last_to_leave_leaves_an_empty_home_and_who_comes_back_leads_it(cast: Cast) -> None:
    file_id = household(cast)
    alone = people(cast, file_id)[0]
    leaves(cast, file_id, alone)
    assert people(cast, file_id, today()) == []
    with pytest.raises(service.OneReference):
        comes_back(cast, file_id, alone, date(2025, 9, 1), Link.OTHER)
    comes_back(cast, file_id, alone, date(2025, 9, 1), Link.REFERENCE)
    assert links(cast, file_id, today()) == {"Sophie": Link.REFERENCE}


def test_the_dead_are_of_the_household_no_longer_and_do_not_come_back(cast: Cast) -> None:
    file_id = household(cast, Link.PARENT)
    parent = people(cast, file_id)[1]
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        died = family.die(session, file_id, parent.person.id, DeathForm(on=MID, version=parent.person.version))
        assert died.deceased_on == MID
    assert links(cast, file_id, today()) == {"Sophie": Link.REFERENCE}
    assert links(cast, file_id, MID) == {"Sophie": Link.REFERENCE, "Parent": Link.PARENT}
    with pytest.raises(family.Deceased):
        comes_back(cast, file_id, parent, date(2025, 9, 1))


@pytest.mark.parametrize("first", [0, 1])
def test_two_deaths_of_one_day_are_written_in_any_order(cast: Cast, first: int) -> None:
    file_id = household(cast, Link.PARTNER, Link.PARENT)
    *dead, parent = people(cast, file_id)
    before = links(cast, file_id, MID)
    one, other = dead[first], dead[1 - first]
    dies(cast, file_id, one, successor=other.person.id)  # nobody knows yet that the other died too
    dies(cast, file_id, other, successor=parent.person.id)
    assert links(cast, file_id, MID) == before
    assert links(cast, file_id, MID + timedelta(days=1)) == {"Parent": Link.REFERENCE}
    assert {r.person.deceased_on for r in people(cast, file_id)} == {MID, None}
    assert sum(r.link is Link.REFERENCE for r in people(cast, file_id)) == 2  # hers, then the parent's


def test_two_deaths_of_one_day_leave_an_empty_home(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    reference, partner = people(cast, file_id)
    dies(cast, file_id, reference, successor=partner.person.id)
    with pytest.raises(family.NotYetThere):
        dies(cast, file_id, partner, on=OPENED - timedelta(days=1))
    dies(cast, file_id, partner)
    assert links(cast, file_id, MID) == {"Sophie": Link.REFERENCE, "Conjoint·e": Link.PARTNER}
    assert links(cast, file_id, MID + timedelta(days=1)) == {}


def test_a_death_written_by_mistake_is_taken_back_by_correcting_the_person(cast: Cast) -> None:
    file_id = household(cast, Link.PARENT)
    parent = people(cast, file_id)[1]
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        family.die(session, file_id, parent.person.id, DeathForm(on=MID, version=parent.person.version))
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        version = queries.person_of(session, file_id, parent.person.id).person.version
        form = PersonForm(family_name="Martin", given_name="Parent", link=Link.PARENT, version=version)
        service.update_person(session, file_id, parent.person.id, form)
    found = people(cast, file_id, today())[1]
    assert (found.person.deceased_on, found.stay.until_date, found.stay.end_reason) == (None, None, "")


def test_a_correction_cannot_put_a_person_twice_in_the_file(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    leaves(cast, file_id, partner)
    comes_back(cast, file_id, partner, date(2025, 9, 1))
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        version = queries.person_of(session, file_id, partner.person.id).person.version
        form = PersonForm(family_name="Martin", link=Link.PARTNER, from_date=MID, version=version)
        with pytest.raises(service.Impossible):
            service.update_person(session, file_id, partner.person.id, form)
        session.rollback()
    assert people(cast, file_id, date(2025, 8, 1))[1:] == []


def test_the_table_itself_refuses_a_day_told_twice(cast: Cast) -> None:
    file_id = household(cast)
    one = people(cast, file_id)[0].stay
    for first, last in ((MID, None), (OPENED, OPENED), (date(2024, 1, 1), OPENED), (MID, OPENED)):
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
            session.add(again(one, first, last))
            with pytest.raises(IntegrityError, match="once a day"):
                session.flush()


def again(stay: Stay, first: date, last: date | None) -> Stay:
    return Stay(
        network_id=stay.network_id,
        household_id=stay.household_id,
        person_id=stay.person_id,
        link="other",
        from_date=first,
        until_date=last,
    )


def test_of_two_stays_written_at_the_same_instant_one_is_refused(cast: Cast) -> None:
    """Past the acts and their lock, straight into the table: the second waits for the first, then sees it."""
    file_id = household(cast)
    one = people(cast, file_id)[0].stay
    barrier = Barrier(4)

    def write(n: int) -> bool:
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
            session.rows("select 1")
            barrier.wait()
            session.add(again(one, date(2020, 1, 1 + n), date(2020, 3, 1)))
            try:
                session.commit()
            except IntegrityError:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(4))) == [False, False, False, True]


def test_two_workers_who_write_the_same_return_at_once_write_it_once(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    leaves(cast, file_id, partner)
    version = people(cast, file_id)[1].person.version
    barrier = Barrier(3)

    def write(_: int) -> str:
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
            session.rows("select 1")
            barrier.wait()
            try:
                form = ReturnForm(on=date(2025, 9, 1), link=Link.PARTNER, version=version)
                family.come_back(session, file_id, partner.person.id, form)
                session.commit()
            except Stale:
                return "told"
            return "done"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(write, range(3))) == ["done", "told", "told"]


# ------------------------------------------------------------------ closed files


def close(cast: Cast, file_id: UUID) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        life.close(session, file_id, CloseForm(reason=ClosingReason.NO_NEWS))


def test_a_closed_file_is_read_and_not_changed_until_it_is_opened_again(cast: Cast) -> None:
    file_id = household(cast, Link.PARTNER)
    partner = people(cast, file_id)[1]
    close(cast, file_id)
    acts: list[Callable[[ActorSession], object]] = [
        lambda s: life.close(s, file_id, CloseForm(reason=ClosingReason.EMPTY)),
        lambda s: service.update_profile(s, file_id, ProfileForm(commune="Lens", version=1)),
        lambda s: service.add_person(s, file_id, PersonForm(family_name="X", link=Link.OTHER)),
        lambda s: service.update_person(
            s, file_id, partner.person.id, PersonForm(family_name="X", link=Link.PARTNER, version=1)
        ),
        lambda s: family.leave(
            s, file_id, partner.person.id, LeaveForm(on=MID, reason=EndReason.OTHER, version=partner.person.version)
        ),
        lambda s: family.die(s, file_id, partner.person.id, DeathForm(on=MID, version=partner.person.version)),
        lambda s: family.come_back(
            s, file_id, partner.person.id, ReturnForm(on=MID, link=Link.PARTNER, version=partner.person.version)
        ),
    ]
    for done in acts:
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(Closed):
            done(session)
    assert len(people(cast, file_id, today())) == 2
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        life.reopen(session, file_id)
    leaves(cast, file_id, partner)


def test_only_the_holder_closes_and_only_what_is_closed_reopens(cast: Cast) -> None:
    file_id = household(cast)
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session, pytest.raises(NotHolder):
        life.close(session, file_id, CloseForm(reason=ClosingReason.NO_NEWS))
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(NotNow):
        life.reopen(session, file_id)


# ------------------------------------------------------------------ the screens


@pytest.fixture
def client(cast: Cast, browser: Callable[[], Browser]) -> Browser:
    return browser().sign_in(cast.ccas.emails["intake"], PASSWORD)


def test_a_departure_and_a_return_through_the_screens(cast: Cast, client: Browser) -> None:
    file_id = household(cast, Link.PARTNER)
    reference, partner = people(cast, file_id)
    place = f"/foyers/{file_id}/personnes/{reference.person.id}/depart"
    assert "Qui devient la personne de référence" in client.get(place).text
    typed = {"on": "30/06/2025", "reason": "separation", "version": str(reference.person.version)}
    refused = client.post(place, data=typed)
    assert refused.status_code == 409
    assert "30/06/2025" in refused.text
    future = client.post(place, data={**typed, "on": "01/01/2190"})
    assert (future.status_code, "dans le futur" in future.text) == (422, True)
    forged = client.post(place, data={**typed, "reason": "deces"})
    assert forged.status_code == 422
    assert client.post(place, data={**typed, "successor": str(partner.person.id)}).status_code == 303
    then = client.get(f"/foyers/{file_id}/composition?au=30/06/2025").text
    assert "30 juin 2025" in then
    assert "Séparation" in then
    back = f"/foyers/{file_id}/personnes/{reference.person.id}/retour"
    assert back in then
    version = people(cast, file_id)[0].person.version
    answer = client.post(back, data={"on": "01/09/2025", "link": "relative", "version": str(version)})
    assert answer.status_code == 303
    assert links(cast, file_id, date(2025, 9, 1)) == {"Sophie": Link.RELATIVE, "Conjoint·e": Link.REFERENCE}
    again = client.post(back, data={"on": "01/09/2025", "link": "relative", "version": str(version)})
    assert again.status_code == 409


def test_two_deaths_of_one_day_through_the_screens(cast: Cast, client: Browser) -> None:
    file_id = household(cast, Link.PARTNER, Link.CHILD)
    reference, partner, child = people(cast, file_id)
    place = f"/foyers/{file_id}/personnes/{reference.person.id}/deces"
    assert "Décédées le même jour" in client.get(place).text
    typed = {"on": "30/06/2025", "successor": str(partner.person.id), "version": str(reference.person.version)}
    assert client.post(place, data=typed).status_code == 303
    place = f"/foyers/{file_id}/personnes/{partner.person.id}/deces"
    typed = {**typed, "successor": str(child.person.id), "version": str(people(cast, file_id)[1].person.version)}
    assert client.post(place, data=typed).status_code == 303
    assert links(cast, file_id, today()) == {"Enfant": Link.REFERENCE}


def test_a_closed_file_says_so_and_offers_no_change(cast: Cast, client: Browser) -> None:
    file_id = household(cast)
    assert client.post(f"/foyers/{file_id}/clore", data={"reason": "sans_nouvelles"}).status_code == 303
    shown = client.get(f"/foyers/{file_id}").text
    assert "Dossier clos le" in shown
    assert "Modifier la situation" not in shown
    assert client.post(f"/foyers/{file_id}/clore", data={"reason": "sans_nouvelles"}).status_code == 409
    assert client.post(f"/foyers/{file_id}/rouvrir", data={"confirm": "rouvrir"}).status_code == 303
    assert "Modifier la situation" in client.get(f"/foyers/{file_id}").text


@pytest.mark.parametrize("typed", ["demain", "31/02/2025", "2025", "01/01/1200"])
def test_a_day_that_cannot_be_read_is_said_so(cast: Cast, client: Browser, typed: str) -> None:
    file_id = household(cast)
    assert client.get(f"/foyers/{file_id}/composition?au={typed}").status_code == 422


def test_a_grown_up_child_is_named_as_answering_for_herself(cast: Cast, client: Browser) -> None:
    file_id = open_household(
        cast.engine,
        cast.ccas.people["intake"],
        people=({"link": "child", "given_name": "Inès", "birth": f"01/01/{today().year - 19}"},),
    )
    shown = client.get(f"/foyers/{file_id}").text
    assert "MARTIN Inès a 19 ans et répond désormais en son nom : son propre accord" in shown
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    assert "n’est pas encore recueilli" not in client.get(f"/foyers/{file_id}").text
