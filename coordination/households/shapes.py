"""What the JSON of household files is made of: the file, its profile, its people, as an actor may see them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from coordination.households import protection, queries
from coordination.households.models import HouseholdProfile
from coordination.households.rules import (
    Activity,
    AddressKind,
    BirthDate,
    FamilySituation,
    Housing,
    Link,
    Origin,
    Precision,
)
from coordination.identity.permissions import Part
from coordination.kit.db import ActorSession

Birth = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$",
        description="Date de naissance telle qu’on la connaît : `AAAA-MM-JJ`, `AAAA-MM`, `AAAA`, ou vide.",
        examples=["1990-11-21"],
    ),
]


Words = Annotated[str, Field(max_length=120)]
Version = Annotated[int, Field(ge=0, le=2_000_000_000, description="La version que vous aviez lue.")]
Weight = Annotated[
    Decimal,
    Field(gt=0, le=1, max_digits=4, decimal_places=3, description="De 0 (exclu) à 1 ; garde alternée : 0.5."),
]


class Profile(BaseModel):
    """Où et comment vit le foyer, et comment le joindre (partie « identité »)."""

    commune: str
    address_kind: AddressKind
    address: str
    phone: str
    email: str
    family_situation: FamilySituation | None
    housing: Housing | None
    origin: Origin | None
    version: int = Field(description="À renvoyer en modifiant : elle dit ce que vous aviez lu.")


class SafeContact(BaseModel):
    """Comment joindre le foyer sans danger : à lire avant tout appel ou courrier."""

    call: bool = Field(description="On peut l’appeler.")
    message: bool = Field(description="On peut laisser un message.")
    letter: bool = Field(description="On peut envoyer un courrier.")
    email: bool = Field(description="On peut envoyer un courriel.")
    words: str = Field(description="La consigne.", examples=["Appeler le mardi matin."])


class Household(BaseModel):
    """Un dossier, réduit aux parties qui vous sont ouvertes."""

    id: UUID
    code: str = Field(examples=["7K3M-2PX"])
    name: str | None = Field(description="La personne de référence ; `null` si l’identité n’est pas partagée.")
    holder_organisation: UUID = Field(description="La structure qui tient le dossier.")
    held: bool = Field(description="Par votre structure.")
    opened_at: datetime
    closed_at: datetime | None = Field(description="Un dossier clos se lit encore, mais ne se modifie plus.")
    parts: list[Part] = Field(description="Les parties qui vous sont ouvertes aujourd’hui.")
    protected: bool = Field(
        description="Ouvert aux seules personnes désignées ; son adresse n’est alors jamais dans le profil."
    )
    safe_contact: SafeContact | None = Field(description="`null` si rien n’a été dit, ou si l’identité est fermée.")
    profile: Profile | None = Field(description="`null` si l’identité n’est pas partagée.")


class Person(BaseModel):
    """Une personne du foyer, et son temps dans le foyer."""

    id: UUID
    family_name: str
    given_name: str
    birth: Birth
    age: int | None = Field(description="En années révolues à la date demandée ; `null` si on ne peut pas le dire.")
    link: Link
    weight: Decimal = Field(description="Part de présence dans le foyer, de 0 à 1 (garde alternée : 0.5).")
    activity: Activity | None = Field(
        description="`null` si elle est inconnue, ou touche à la santé sans vous être ouverte."
    )
    from_date: date = Field(description="Premier jour dans le foyer.")
    until_date: date | None = Field(description="Dernier jour compris ; `null` s’il n’est pas connu.")
    objected: bool = Field(description="S’oppose à ce qu’une autre structure apprenne qu’un dossier existe.")
    version: int


def household_of(session: ActorSession, household_id: UUID, organisation_id: UUID) -> Household:
    """A file as the actor may see it. Raises `NotKnown`."""
    header = queries.file_header(session, household_id)
    visible = queries.visible_parts(session, household_id)
    profile = queries.profile_of(session, household_id)
    care = protection.safe_contact_of(session, household_id)
    return Household(
        id=header.id,
        code=header.code,
        name=header.name,
        holder_organisation=header.holder_organisation_id,
        held=header.holder_organisation_id == organisation_id,
        opened_at=header.opened_at,
        closed_at=header.closed_at,
        parts=[part for part in Part if part in visible],
        protected=protection.protection_of(session, household_id) is not None,
        safe_contact=SafeContact.model_validate(care, from_attributes=True) if care else None,
        profile=profile_model(profile) if profile else None,
    )


def profile_model(profile: HouseholdProfile) -> Profile:
    """A stored profile; a choice that was not made is null."""
    return Profile(
        commune=profile.commune,
        address_kind=AddressKind(profile.address_kind),
        address=profile.address,
        phone=profile.phone,
        email=profile.email,
        family_situation=FamilySituation(profile.family_situation) if profile.family_situation else None,
        housing=Housing(profile.housing) if profile.housing else None,
        origin=Origin(profile.origin) if profile.origin else None,
        version=profile.version,
    )


def person_model(found: queries.Resident, on: date) -> Person:
    """A resident, with her age on a day."""
    return Person(
        id=found.person.id,
        family_name=found.person.family_name,
        given_name=found.person.given_name,
        birth=_iso(found.birth),
        age=age if (age := found.birth.age(on)) is None or age >= 0 else None,
        link=found.link,
        weight=found.stay.weight,
        activity=found.activity,
        from_date=found.stay.from_date,
        until_date=found.stay.until_date,
        objected=found.person.objected,
        version=found.person.version,
    )


def _iso(birth: BirthDate) -> str:
    if birth.first is None:
        return ""
    return birth.first.isoformat()[: {Precision.YEAR: 4, Precision.MONTH: 7}.get(birth.precision, 10)]
