"""Files: opened with little, changed by their holder alone, never overwritten in silence."""

from collections.abc import Iterator
from datetime import date
from uuid import uuid4

import pytest

from coordination.households import finding, queries, service
from coordination.households.forms import NewFileForm, PersonForm, ProfileForm
from coordination.households.models import PersonActivity
from coordination.households.queries import NotHolder
from coordination.households.rules import Activity, Link, parse_birth
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotKnown, Stale
from tests.cast import Cast
from tests.households.make import open_household
from tests.sharing.make import agree


@pytest.fixture
def worker(cast: Cast) -> Iterator[ActorSession]:
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        yield session


def test_a_name_and_a_commune_are_enough(cast: Cast, worker: ActorSession) -> None:
    made = service.open_file(worker, NewFileForm(family_name="Zola", commune="Carvin"))
    assert queries.file_header(worker, made.id).name == "ZOLA"
    assert [r.link for r in queries.residents(worker, made.id, today())] == [Link.REFERENCE]
    assert queries.visible_parts(worker, made.id) == {"identity", "budget", "needs", "aid", "notes", "sensitive"}


def test_a_person_without_a_name_takes_the_household_s(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"], "Petit", people=({"link": "child"},))
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert [r.person.family_name for r in queries.residents(session, file_id)] == ["Petit", "Petit"]


@pytest.mark.parametrize("role", ["volunteer", "council", "coordinator", "dpo", "admin"])
def test_only_intake_opens_files(cast: Cast, role: str) -> None:
    with ActorSession(cast.engine, cast.ccas.people[role]) as session, pytest.raises(NotAllowed):
        service.open_file(session, NewFileForm(family_name="Zola", commune="Carvin"))


def test_the_second_to_save_is_told_and_overwrites_nothing(cast: Cast) -> None:
    member = cast.ccas.people["intake"]
    file_id = open_household(cast.engine, member)
    with acting(cast.engine, member) as session:
        service.update_profile(session, file_id, ProfileForm(commune="Libercourt", phone="03 53 01 00 00", version=1))
    with ActorSession(cast.engine, member) as session:
        with pytest.raises(Stale):
            service.update_profile(session, file_id, ProfileForm(commune="Lens", version=1))
        session.rollback()
        profile = queries.profile_of(session, file_id)
        assert profile is not None
        assert (profile.commune, profile.version) == ("Libercourt", 2)


def test_a_partner_reads_the_identity_and_cannot_change_it(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], parts=("identity",))
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session:
        assert queries.file_header(session, file_id).name == "MARTIN Sophie"
        with pytest.raises(NotHolder):
            service.update_profile(session, file_id, ProfileForm(commune="Lens", version=1))


def test_a_stranger_is_told_that_the_file_is_unknown(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    for organised in (cast.bonne_action, cast.elsewhere):
        with ActorSession(cast.engine, organised.people["intake"]) as session:
            for call in (file_id, uuid4()):
                with pytest.raises(NotKnown):
                    queries.file_header(session, call)


def test_who_left_is_no_longer_in_the_household_but_stays_in_its_past(cast: Cast) -> None:
    member = cast.ccas.people["intake"]
    file_id = open_household(cast.engine, member)
    with acting(cast.engine, member) as session:
        service.add_person(
            session,
            file_id,
            PersonForm(
                family_name="Durand",
                link=Link.PARTNER,
                from_date=date(2024, 1, 1),
                until_date=date(2025, 6, 30),
            ),
        )
    with ActorSession(cast.engine, member) as session:
        assert len(queries.residents(session, file_id, date(2025, 6, 30))) == 1  # the reference person came later
        names = [r.person.family_name for r in queries.residents(session, file_id, date(2026, 11, 21))]
        assert "Durand" not in names
        assert len(queries.residents(session, file_id)) == 2


def test_an_activity_that_touches_health_is_kept_from_partners_without_the_sensitive_share(cast: Cast) -> None:
    member = cast.ccas.people["intake"]
    file_id = open_household(cast.engine, member)
    with acting(cast.engine, member) as session:
        person = queries.residents(session, file_id)[0].person
        form = PersonForm(
            family_name="Martin", link=Link.REFERENCE, activity=Activity.DISABILITY, version=person.version
        )
        service.update_person(session, file_id, person.id, form)
    agree(cast.engine, member, file_id, [cast.epicerie], parts=("identity",))
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session:
        assert queries.residents(session, file_id)[0].activity is None
        assert session.get(PersonActivity, person.id) is None


def test_a_likely_duplicate_is_found_among_visible_files_only(cast: Cast) -> None:
    today = date(2026, 11, 21)
    open_household(cast.engine, cast.ccas.people["intake"], "Kowalczyk", "Hélène", birth="12/03/1984")
    born = parse_birth("1984", today)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert [hit.name for hit in finding.likely_duplicates(session, "KOWALCZYK", "Helene", born)] == [
            "KOWALCZYK Hélène"
        ]
        assert finding.likely_duplicates(session, "Kowalczyk", "Hélène", parse_birth("1985", today)) == []
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert finding.likely_duplicates(session, "Kowalczyk", "Hélène", born) == []
