"""The act that splits one household into two files: who goes, who stays, which children live in both."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select

from coordination.audit.service import act, write_line
from coordination.households.family import (
    NEXT_DAY,
    NotYetThere,
    WhoIsReference,
    change_link,
    hand_reference,
    reach_back,
)
from coordination.households.forms import SeparationForm, SeparationRow
from coordination.households.models import Household, HouseholdProfile, Person, Stay
from coordination.households.queries import birth_of, full_name, held_open, stays_of
from coordination.households.rules import EndReason, Link, Place
from coordination.households.service import (
    SHARED_CUSTODY,
    add_to_file,
    end_left_agreements,
    new_file,
    refuse_clash,
)
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow

SEPARATE = "household.separate"


class NotThesePeople(NotNow):
    """La composition du foyer a changé pendant votre saisie : vérifiez où vit chaque personne.
    Rien n’a été modifié."""


@act(SEPARATE, "Séparation en deux dossiers", needs=Permission.EDIT_FILES)
def separate(
    session: ActorSession,
    household_id: UUID,
    form: SeparationForm,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Household:
    """Those who go live in a new file of the same organisation from `form.on`; answers that file.

    The new file keeps names, birth dates and who objected to being told of, and nothing else: no address, no budget, no
    need, no agreement.
    A child who lives in both counts for one half in each; the two rows are linked where nobody reads. It is as hard to
    come near as the file they leave: protected if that one is, closed to the same people.
    """
    file = held_open(session, household_id)
    reach_back(session, file, form.on - NEXT_DAY)
    stays = stays_of(session, household_id)
    here = {stay.person_id: stay for stay in stays if stay.until_date is None}
    if {row.person for row in form.people} != set(here) or len(form.people) != len(here):
        raise NotThesePeople
    people = {
        person.id: person
        for person in session.exec(select(Person).where(col(Person.id).in_(list(here))).with_for_update())
    }
    for row in form.people:
        if row.place is not Place.STAYS and here[row.person].from_date >= form.on:
            raise NotYetThere(
                f"{full_name(people[row.person])} n’était pas encore dans le foyer la veille de cette date :"
                " corrigez son arrivée, ou choisissez une date plus tardive. Rien n’a été modifié."
            )
    _leave(session, form, here, people, stays)
    made = _open(session, form, people, draw)
    refuse_clash(stays_of(session, household_id))
    end_left_agreements(session, household_id)
    session.door("access.guard_parted(:kept, :parted)", kept=household_id, parted=made.id)
    write_line(session, SEPARATE, file)
    return made


def _leave(
    session: ActorSession,
    form: SeparationForm,
    here: Mapping[UUID, Stay],
    people: Mapping[UUID, Person],
    stays: list[Stay],
) -> None:
    """In the file that is split: who goes is there until the eve, a shared child counts for one half from then on."""
    going = [here[row.person] for row in form.living(Place.GOES)]
    for stay in going:
        stay.until_date = form.on - NEXT_DAY
        stay.end_reason = EndReason.SEPARATION.value
        people[stay.person_id].version += 1
    if any(stay.link == Link.REFERENCE for stay in going):
        if form.successor not in {row.person for row in form.living(Place.STAYS)}:
            raise WhoIsReference
        hand_reference(session, stays, form.on, form.successor)
    for row in form.living(Place.BOTH):
        if here[row.person].link == Link.REFERENCE:
            raise WhoIsReference("La personne de référence ne vit que dans un dossier. Rien n’a été modifié.")
        if (here[row.person].link, here[row.person].weight) == (Link.SHARED_CHILD, SHARED_CUSTODY):
            continue  # she lived in both already: nothing changes for her here
        people[row.person].version += 1
        half = change_link(session, here[row.person], form.on, Link.SHARED_CHILD)
        half.weight = SHARED_CUSTODY
    session.flush()


def _open(
    session: ActorSession, form: SeparationForm, people: Mapping[UUID, Person], draw: Callable[[int], int]
) -> Household:
    """The new file, its profile with a commune alone, and its people."""
    file_id = new_file(session, draw)
    member = session.member
    session.add(
        HouseholdProfile(
            household_id=file_id, network_id=member.network_id, commune=form.commune, updated_by=member.membership_id
        )
    )
    for row in form.people:
        if row.place is not Place.STAYS:
            _enter(session, file_id, people[row.person], row, form.on)
    return session.get_one(Household, file_id)


def _enter(session: ActorSession, file_id: UUID, known: Person, row: SeparationRow, since: date) -> None:
    both = row.place is Place.BOTH
    made = add_to_file(
        session,
        file_id,
        known.family_name,
        known.given_name,
        birth_of(known),
        Link.SHARED_CHILD if both else row.link or Link.OTHER,
        SHARED_CUSTODY if both else Decimal(1),
        since,
    )
    made.objected = known.objected
    session.door("access.link_people(:one, :other)", one=known.id, other=made.id)
