"""Coming of age: a child of the household answers for herself, in this file or in one of her own."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from coordination.audit.service import act
from coordination.households.family import NotYetThere, change_link, person_to_change
from coordination.households.forms import PastDay, SeparationForm, SeparationRow
from coordination.households.models import Household, Person
from coordination.households.queries import birth_of, held_open, residents, stays_of
from coordination.households.rules import ADULT_AGE, Link, Place
from coordination.households.separation import separate
from coordination.households.service import latest_stay, refuse_clash
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow
from coordination.kit.forms import Form, blank_is_none

LINKS = [(link.value, link.label) for link in (Link.CHILD, Link.RELATIVE, Link.OTHER, Link.SHARED_CHILD)]
CHILDREN = (Link.CHILD, Link.SHARED_CHILD)


class Lives(StrEnum):
    """Where somebody who came of age lives."""

    HERE = "ici"
    OWN_FILE = "propre_dossier"


class MajorityForm(Form):
    """From the day `on` she stays under `link`, or leads a file of her own in `commune`."""

    lives: Lives
    on: PastDay
    link: Annotated[Link | None, BeforeValidator(blank_is_none)] = None
    commune: Annotated[str, Field(max_length=120)] = ""
    version: int

    @model_validator(mode="after")
    def _whole(self) -> "MajorityForm":
        if self.lives is Lives.HERE and (self.link is None or (self.link.value, self.link.label) not in LINKS):
            raise ValueError("Choisissez son lien dans ce foyer.")
        if self.lives is Lives.OWN_FILE and not self.commune:
            raise ValueError("Écrivez la commune où vit cette personne désormais.")
        return self


class NotOfAge(NotNow):
    """Cette personne n’est pas notée comme enfant du foyer, ou n’avait pas 18 ans à cette date : vérifiez sa date de
    naissance et la date saisie. Rien n’a été modifié."""


@act("person.come_of_age", "Majorité d’un enfant du foyer", needs=Permission.EDIT_FILES)
def come_of_age(session: ActorSession, household_id: UUID, person_id: UUID, form: MajorityForm) -> Person:
    """She stays in the household and answers for herself; her link from `form.on`. Raises `NotOfAge`, `Stale`."""
    assert form.link is not None
    held_open(session, household_id)
    person = _grown_up(session, household_id, person_id, form)
    stay = latest_stay(stays_of(session, household_id), person_id)
    if stay.until_date is not None or form.on < stay.from_date:
        raise NotYetThere
    change_link(session, stay, form.on, form.link)  # the same link too: a stay begun grown up says that it was noted
    refuse_clash(stays_of(session, household_id))
    person.version += 1
    session.flush()
    return person


def leave_for_own_file(session: ActorSession, household_id: UUID, person_id: UUID, form: MajorityForm) -> Household:
    """She leads a file of her own: a separation in which she alone goes, journalled as one. Answers the new file."""
    held_open(session, household_id)
    _grown_up(session, household_id, person_id, form)
    here = [r.person.id for r in residents(session, household_id) if r.stay.until_date is None]
    rows = [
        SeparationRow(person=one, place=Place.GOES, link=Link.REFERENCE)
        if one == person_id
        else SeparationRow(person=one, place=Place.STAYS)
        for one in here
    ]
    return separate(session, household_id, SeparationForm(on=form.on, commune=form.commune, people=rows))


def _grown_up(session: ActorSession, household_id: UUID, person_id: UUID, form: MajorityForm) -> Person:
    person = person_to_change(session, household_id, person_id, form.version)
    age = birth_of(person).age(form.on)
    link = Link(latest_stay(stays_of(session, household_id), person_id).link)
    if link not in CHILDREN or age is None or age < ADULT_AGE or person.deceased_on is not None:
        raise NotOfAge
    return person
