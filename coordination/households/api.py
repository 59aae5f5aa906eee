"""Household files in JSON: lists, the file, its people, where and how it lives."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from coordination.audit.service import note_reading, reading
from coordination.households import queries, service
from coordination.households.finding import likely_duplicates
from coordination.households.forms import NewFileForm, PersonForm, ProfileForm
from coordination.households.rules import (
    Activity,
    AddressKind,
    FamilySituation,
    Housing,
    Link,
    Origin,
)
from coordination.households.shapes import (
    Birth,
    Household,
    Person,
    Profile,
    Version,
    Weight,
    Words,
    household_of,
    person_model,
    profile_model,
)
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.rest import BEARER, PREFIX, Body, Listed, Paged, form_of
from coordination.kit.web import Acting, Walled, needs

router = APIRouter(prefix=f"{PREFIX}/households", tags=["foyers"], dependencies=[Depends(BEARER)])
READ = reading("household.read", "Dossier ouvert à l’écran")


# ------------------------------------------------------------------ what is read


class HouseholdLine(BaseModel):
    """Un foyer dans une liste."""

    id: UUID
    code: str = Field(description="Le code du foyer, à dire ou à écrire.", examples=["7K3M-2PX"])
    name: str | None = Field(description="La personne de référence ; `null` si l’identité n’est pas partagée.")
    opened_at: datetime
    held: bool = Field(description="Tenu par votre structure ; sinon, partagé avec elle.")


@router.get("", summary="Les foyers", dependencies=[needs(Permission.SEARCH_FILES)])
def households(
    session: Walled,
    paged: Paged,
    held: Annotated[
        bool, Query(description="`true` : tenus par votre structure ; `false` : partagés avec elle.")
    ] = True,
) -> Listed[HouseholdLine]:
    """Les dossiers de votre structure ou partagés avec elle, les plus récents d’abord."""
    rows = queries.my_files(session, held=held, before=paged.after, size=paged.size + 1)
    shown = rows[: paged.size]
    return Listed(
        items=[HouseholdLine(id=r.id, code=r.code, name=r.name, opened_at=r.opened_at, held=r.held) for r in shown],
        next=paged.next(shown[-1].opened_at, shown[-1].id) if len(rows) > paged.size else None,
    )


@router.get("/{household_id}", summary="Un foyer", dependencies=[needs(Permission.READ_FILES)])
def household(session: Walled, member: Acting, household_id: UUID) -> Household:
    """Le dossier, réduit à ce qui vous est ouvert. Sa lecture est inscrite au journal."""
    found = household_of(session, household_id, member.organisation_id)
    note_reading(session, READ, household_id)
    return found


@router.get("/{household_id}/profile", summary="La situation d’un foyer", dependencies=[needs(Permission.READ_FILES)])
def profile(session: Walled, household_id: UUID) -> Profile:
    """Où et comment vit le foyer. 404 si son identité ne vous est pas ouverte."""
    queries.file_header(session, household_id)
    found = queries.profile_of(session, household_id)
    if found is None:
        raise NotKnown
    note_reading(session, READ, household_id)
    return profile_model(found)


@router.get("/{household_id}/people", summary="Les personnes d’un foyer", dependencies=[needs(Permission.READ_FILES)])
def people(
    session: Walled,
    household_id: UUID,
    on: Annotated[date | None, Query(description="Le jour dont on veut la composition ; aujourd’hui sinon.")] = None,
) -> list[Person]:
    """La composition du foyer un jour donné, la personne de référence d’abord ; vide si l’identité est fermée."""
    queries.file_header(session, household_id)
    note_reading(session, READ, household_id)
    day = on or today()
    return [person_model(resident, day) for resident in queries.residents(session, household_id, day)]


@router.get(
    "/{household_id}/people/{person_id}", summary="Une personne d’un foyer", dependencies=[needs(Permission.READ_FILES)]
)
def person(session: Walled, household_id: UUID, person_id: UUID) -> Person:
    """Une personne qui est ou a été du foyer, dans son dernier séjour ; son âge est celui d’aujourd’hui."""
    queries.file_header(session, household_id)
    found = queries.person_of(session, household_id, person_id)
    note_reading(session, READ, household_id)
    return person_model(found, today())


# ------------------------------------------------------------------ what is written


class NewPerson(Body):
    """Une personne de plus à la création d’un dossier : son lien suffit."""

    family_name: Words = Field("", description="Celui de la personne de référence, s’il est vide.")
    given_name: Words = ""
    birth: Birth = ""
    link: Link = Field(description="Tout sauf `reference`.")


class NewHousehold(Body):
    """Un nom, une composition et une commune suffisent."""

    family_name: Annotated[str, Field(min_length=1, max_length=120, examples=["Maes"])]
    given_name: Words = ""
    birth: Birth = ""
    commune: Annotated[str, Field(min_length=1, max_length=120, examples=["Carvin"])]
    people: list[NewPerson] = Field([], max_length=20, description="Les autres personnes du foyer.")
    confirm: bool = Field(False, description="`true` pour créer malgré un doublon probable (409).")


class ProfileChange(Body):
    """Toute la situation : ce qui n’est pas envoyé est vidé."""

    commune: Annotated[str, Field(min_length=1, max_length=120, examples=["Carvin"])]
    address_kind: AddressKind = AddressKind.FIXED
    address: Annotated[str, Field(max_length=300)] = ""
    phone: Annotated[str, Field(max_length=30, examples=["06 12 34 56 78"])] = ""
    email: Annotated[str, Field(max_length=200)] = ""
    family_situation: FamilySituation | None = None
    housing: Housing | None = None
    origin: Origin | None = None
    version: Version


class PersonChange(Body):
    """Une personne, son lien, sa part de présence et ses dates dans le foyer."""

    family_name: Annotated[str, Field(min_length=1, max_length=120)]
    given_name: Words = ""
    birth: Birth = ""
    link: Link
    weight: Weight = Decimal(1)
    activity: Activity | None = None
    from_date: date | None = Field(None, description="Premier jour ; aujourd’hui pour une nouvelle personne.")
    until_date: date | None = Field(None, description="Dernier jour compris.")
    objected: bool = Field(False, description="S’oppose à ce qu’une autre structure apprenne qu’un dossier existe.")


class KnownPersonChange(PersonChange):
    """Une personne corrigée, dans la version qu’on avait lue."""

    version: Version


class LikelyDuplicate(NotNow):
    """Un dossier existe peut-être déjà pour cette personne : vérifiez avec elle, puis confirmez."""

    title = "Doublon probable"

    def __init__(self, ids: list[UUID], known: bool | None) -> None:
        super().__init__()
        self.extra: dict[str, object] = {"households": [str(found) for found in ids], "known_in_network": known}


def _typed(birth: str) -> str:
    """A partial ISO date as the forms read it: `1990-11` is typed `11/1990`."""
    return "/".join(reversed(birth.split("-")))


@router.post("", status_code=201, summary="Ouvrir un dossier", dependencies=[needs(Permission.OPEN_FILES)])
def open_household(session: Walled, member: Acting, once: OnceOnly, asked: NewHousehold) -> Household:
    """Ouvre un dossier tenu par votre structure.

    409 devant un doublon probable : `households`, parmi les dossiers que vous voyez ; `known_in_network`, `true` si un
    dossier du réseau a exactement ces noms et cette date de naissance entière (rien d’autre n’en est dit), `null` si
    trop de questions ont été posées depuis hier. Chaque question compte et s’inscrit au journal.
    """
    values = asked.model_dump()
    values |= {
        "birth": _typed(asked.birth),
        "confirm": "oui" if asked.confirm else "",
        "people": [{**row, "birth": _typed(row["birth"])} for row in values["people"]],
    }
    form = form_of(NewFileForm, values)

    def deed() -> UUID:
        if not asked.confirm:
            found = likely_duplicates(session, form.family_name, form.given_name, form.birth_date)
            known = service.known_in_network(session, form.family_name, form.given_name, form.birth_date)
            if found or known is not False:
                session.commit()  # the question counts, whatever is answered
                raise LikelyDuplicate([hit.household_id for hit in found], known)
        return service.open_file(session, form).id

    made = once.do(asked, deed)
    once.located(f"{PREFIX}/households/{made}")
    return household_of(session, made, member.organisation_id)


@router.put(
    "/{household_id}/profile", summary="Modifier la situation d’un foyer", dependencies=[needs(Permission.EDIT_FILES)]
)
def change_profile(session: Walled, household_id: UUID, asked: ProfileChange) -> Profile:
    """Réservé à la structure qui tient le dossier. 409 si quelqu’un l’a modifié depuis votre lecture (`version`)."""
    return profile_model(service.update_profile(session, household_id, form_of(ProfileForm, asked.model_dump())))


@router.post(
    "/{household_id}/people",
    status_code=201,
    summary="Ajouter une personne",
    dependencies=[needs(Permission.EDIT_FILES)],
)
def add_person(session: Walled, once: OnceOnly, household_id: UUID, asked: PersonChange) -> Person:
    """Réservé à la structure qui tient le dossier."""
    form = form_of(PersonForm, {**asked.model_dump(), "birth": _typed(asked.birth)})
    made = once.do(asked, lambda: service.add_person(session, household_id, form).id)
    once.located(f"{PREFIX}/households/{household_id}/people/{made}")
    return person_model(queries.person_of(session, household_id, made), today())


@router.put(
    "/{household_id}/people/{person_id}", summary="Corriger une personne", dependencies=[needs(Permission.EDIT_FILES)]
)
def change_person(session: Walled, household_id: UUID, person_id: UUID, asked: KnownPersonChange) -> Person:
    """Réservé à la structure qui tient le dossier. 409 si quelqu’un l’a modifiée depuis votre lecture (`version`)."""
    form = form_of(PersonForm, {**asked.model_dump(), "birth": _typed(asked.birth)})
    service.update_person(session, household_id, person_id, form)
    session.flush()
    return person_model(queries.person_of(session, household_id, person_id), today())
