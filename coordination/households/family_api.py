"""The life of a file in JSON: who leaves, dies or comes back, a separation, a move, a merge; handed over, closed."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.households import family, life, majority, merging, queries, separation
from coordination.households.forms import (
    CloseForm,
    DeathForm,
    LeaveForm,
    MergeForm,
    MoveForm,
    ReturnForm,
    SeparationForm,
)
from coordination.households.majority import Lives, MajorityForm
from coordination.households.pairing import Side
from coordination.households.rules import AddressKind, ClosingReason, EndReason, Link, Place
from coordination.households.shapes import (
    Household,
    Person,
    Profile,
    Version,
    Weight,
    household_of,
    person_model,
    profile_model,
)
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Acting, Walled, needs

router = APIRouter(
    prefix=f"{PREFIX}/households/{{household_id}}", tags=["vie du dossier"], dependencies=[Depends(BEARER)]
)
EDITS = [needs(Permission.EDIT_FILES)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), description="Un jour passé, ou aujourd’hui.", examples=["2026-11-21"])]
Heir = Annotated[
    UUID | None,
    Field(description="Qui devient la personne de référence, si elle l’était ; obligatoire s’il reste quelqu’un."),
]


# ------------------------------------------------------------------ one person


class Departure(Body):
    """Quelqu’un quitte le foyer ; `on` est son dernier jour."""

    on: Day
    reason: EndReason = Field(description="Ni `deces`, ni `change_lien`, qui se disent autrement.")
    successor: Heir = None
    version: Version


class Death(Body):
    """Quelqu’un est mort : rien ne lui est plus adressé, son passé reste lisible."""

    on: Day
    successor: Heir = None
    version: Version


class Return(Body):
    """Quelqu’un revient vivre dans le foyer ; `on` est son premier jour."""

    on: Day
    link: Link
    weight: Weight = Decimal(1)
    version: Version


class Majority(Body):
    """Un enfant du foyer a 18 ans : il y reste et répond pour lui-même, ou un dossier à lui s’ouvre."""

    on: Day
    lives: Lives
    link: Link | None = Field(None, description="Son lien dans ce foyer, s’il y reste.")
    commune: str = Field("", max_length=120, description="Où il vit, s’il part.", examples=["Lens"])
    version: Version


def _person(session: ActorSession, household_id: UUID, person_id: UUID) -> Person:
    session.flush()
    return person_model(queries.person_of(session, household_id, person_id), today())


@router.post("/people/{person_id}/departure", summary="Noter un départ", dependencies=EDITS)
def leave(session: Walled, once: OnceOnly, household_id: UUID, person_id: UUID, asked: Departure) -> Person:
    """La personne sort du foyer ; la composition des jours d’avant reste. 409 si la date ou la version ne va pas.

    Réservé à la structure qui tient le dossier.
    """
    form = form_of(LeaveForm, asked.model_dump())
    once.do(asked, lambda: family.leave(session, household_id, person_id, form).person_id)
    return _person(session, household_id, person_id)


@router.post("/people/{person_id}/death", summary="Noter un décès", dependencies=EDITS)
def die(session: Walled, once: OnceOnly, household_id: UUID, person_id: UUID, asked: Death) -> Person:
    """Réservé à la structure qui tient le dossier. 409 si le décès est déjà noté, ou avant la naissance."""
    form = form_of(DeathForm, asked.model_dump())
    once.do(asked, lambda: family.die(session, household_id, person_id, form).id)
    return _person(session, household_id, person_id)


@router.post("/people/{person_id}/return", summary="Noter un retour", dependencies=EDITS)
def come_back(session: Walled, once: OnceOnly, household_id: UUID, person_id: UUID, asked: Return) -> Person:
    """Un nouveau séjour de la même personne. 409 si elle est encore dans le foyer à cette date.

    Réservé à la structure qui tient le dossier.
    """
    form = form_of(ReturnForm, asked.model_dump())
    once.do(asked, lambda: family.come_back(session, household_id, person_id, form).person_id)
    return _person(session, household_id, person_id)


@router.post("/people/{person_id}/majority", summary="Noter une majorité", dependencies=EDITS)
def come_of_age(
    session: Walled, member: Acting, once: OnceOnly, household_id: UUID, person_id: UUID, asked: Majority
) -> Household:
    """Répond le dossier où cette personne vit désormais : celui-ci, ou le sien. 409 si elle n’est pas un enfant du
    foyer, n’a pas 18 ans ce jour-là, ou si la version ne va pas.

    Réservé à la structure qui tient le dossier.
    """
    form = form_of(MajorityForm, asked.model_dump())

    def deed() -> UUID:
        if form.lives is Lives.OWN_FILE:
            return majority.leave_for_own_file(session, household_id, person_id, form).id
        return majority.come_of_age(session, household_id, person_id, form).household_id

    lived = once.do(asked, deed)
    session.flush()
    return household_of(session, lived, member.organisation_id)


# ------------------------------------------------------------------ the whole household


class Placed(Body):
    """Où vit une personne après la séparation."""

    person: UUID
    place: Place
    link: Link | None = Field(None, description="Son lien dans le nouveau dossier, si elle y part.")


class Separation(Body):
    """Un foyer devient deux à partir du jour `on` ; chaque personne présente est dite une fois."""

    on: Day
    commune: Annotated[str, Field(min_length=1, max_length=120, examples=["Lens"])]
    people: Annotated[list[Placed], Field(min_length=1, max_length=40)]
    successor: Heir = None


class Move(Body):
    """Le foyer habite ailleurs à partir du jour `on`."""

    on: Day
    commune: Annotated[str, Field(min_length=1, max_length=120, examples=["Lens"])]
    address_kind: AddressKind = AddressKind.FIXED
    address: Annotated[str, Field(max_length=300)] = ""
    version: Version = Field(description="Celle de la situation du foyer que vous aviez lue.")


class Transfer(Body):
    """À qui le dossier est confié."""

    to: UUID = Field(description="Une structure à laquelle le foyer montre son identité.")


class Transferred(BaseModel):
    """Le dossier est confié : votre structure ne le lit plus."""

    household: UUID
    to: UUID


class Closing(Body):
    """Pourquoi le dossier est clos."""

    reason: ClosingReason


@router.post("/separation", status_code=201, summary="Séparer en deux dossiers", dependencies=EDITS)
def separate(session: Walled, member: Acting, once: OnceOnly, household_id: UUID, asked: Separation) -> Household:
    """Rend le nouveau dossier : des noms et des dates de naissance, rien d’autre. Aucun des deux ne renvoie à l’autre.

    Réservé à la structure qui tient le dossier.
    """
    form = form_of(SeparationForm, asked.model_dump())
    made = once.do(asked, lambda: separation.separate(session, household_id, form).id)
    once.located(f"{PREFIX}/households/{made}")
    return household_of(session, made, member.organisation_id)


@router.post("/move", summary="Noter un déménagement", dependencies=EDITS)
def move(session: Walled, once: OnceOnly, household_id: UUID, asked: Move) -> Profile:
    """L’ancienne adresse est gardée pour la structure qui tient le dossier, à laquelle cet acte est réservé."""
    form = form_of(MoveForm, asked.model_dump())
    once.do(asked, lambda: life.move(session, household_id, form).household_id)
    found = queries.profile_of(session, household_id)
    if found is None:
        raise NotKnown
    return profile_model(found)


@router.post("/transfer", summary="Confier le dossier à un partenaire", dependencies=EDITS)
def transfer(session: Walled, once: OnceOnly, household_id: UUID, asked: Transfer) -> Transferred:
    """409 si le foyer n’a pas d’accord en cours qui montre son identité à cette structure. Ce qui touche à la santé ou
    aux violences ne suit que si un accord le lui donne. Réservé à la structure qui tient le dossier."""
    done = once.do(asked, lambda: life.transfer(session, household_id, asked.to).id)
    return Transferred(household=done, to=asked.to)


@router.post("/close", summary="Clore le dossier", dependencies=EDITS)
def close(session: Walled, member: Acting, once: OnceOnly, household_id: UUID, asked: Closing) -> Household:
    """Il se lit encore, et ne se modifie plus : seuls les notes et les contacts s’y écrivent."""
    form = form_of(CloseForm, asked.model_dump())
    once.do(asked, lambda: life.close(session, household_id, form).id)
    return household_of(session, household_id, member.organisation_id)


@router.post("/reopen", summary="Rouvrir le dossier", dependencies=EDITS)
def reopen(session: Walled, member: Acting, once: OnceOnly, household_id: UUID) -> Household:
    """Il redevient tel qu’il était. 409 s’il n’est pas clos, ou s’il a été réuni avec un autre."""
    once.do(None, lambda: life.reopen(session, household_id).id)
    return household_of(session, household_id, member.organisation_id)


# ------------------------------------------------------------------ two files become one


class SamePerson(Body):
    """Une personne du dossier réuni : qui elle est dans le dossier gardé."""

    person: UUID
    same: UUID | None = Field(None, description="`null` : elle rejoint le dossier gardé, avec ses dates.")
    name: Side = Field(Side.KEPT, description="D’où viennent le nom et la naissance, si c’est la même personne.")
    link: Link | None = Field(
        None, description="Son lien, si elle était la personne de référence et rejoint le dossier."
    )


class NewMerge(Body):
    """Un autre dossier du même foyer rejoint celui-ci ; chaque personne de l’autre dossier est dite une fois."""

    absorbed: UUID = Field(description="L’autre dossier, tenu lui aussi par votre structure.")
    commune: Side = Side.KEPT
    address: Side = Side.KEPT
    phone: Side = Side.KEPT
    email: Side = Side.KEPT
    family_situation: Side = Side.KEPT
    housing: Side = Side.KEPT
    origin: Side = Side.KEPT
    representative: Side = Side.KEPT
    people: Annotated[list[SamePerson], Field(max_length=60)]
    kept_version: Version
    absorbed_version: Version
    closing: Annotated[
        str, Field(max_length=20_000, description="Ce qu’un premier refus (409) a rendu sous ce nom, une fois lu.")
    ] = ""


class Merge(BaseModel):
    """Une réunion de deux dossiers."""

    id: UUID
    kept: UUID = Field(description="Le dossier gardé.")
    absorbed: UUID = Field(description="Le dossier réuni : clos, il renvoie au dossier gardé.")
    on: date
    until: date = Field(description="Dernier jour où elle peut être défaite.")
    undone: bool


def _merge(told: merging.Told) -> Merge:
    return Merge(
        id=told.id, kept=told.kept_id, absorbed=told.absorbed_id, on=told.on, until=told.until, undone=told.undone
    )


@router.get("/merges", summary="Les réunions d’un dossier", dependencies=EDITS)
def merges(session: Walled, household_id: UUID) -> list[Merge]:
    """Celles qui tiennent encore, la plus récente d’abord ; réservé à la structure qui tient le dossier."""
    queries.refuse_non_holder(session, household_id)
    return [_merge(told) for told in merging.merges_of(session, household_id)]


@router.post("/merges", status_code=201, summary="Réunir deux dossiers", dependencies=EDITS)
def merge(session: Walled, once: OnceOnly, household_id: UUID, asked: NewMerge) -> Merge:
    """Tout ce qui pend à l’autre dossier est rattaché à celui-ci, et rien n’est perdu.

    Un partenaire garde une partie s’il la lisait dans les deux dossiers, ou si l’autre n’y apporte rien. Si quelque
    chose doit se fermer, un premier 409 rend `closing` (`structure:partie`, séparés par des virgules) : renvoyez-le.
    """
    values = asked.model_dump(exclude={"absorbed"}) | {"sure": "oui" if asked.closing else ""}
    form = form_of(MergeForm, values)

    def deed() -> UUID:
        merging.merge_files(session, household_id, asked.absorbed, form)
        return merging.merges_of(session, household_id)[0].id

    made = once.do(asked, deed)
    return _merge(merging.merge_of(session, household_id, made))


@router.post("/merges/{merge_id}/undo", summary="Défaire une réunion", dependencies=EDITS)
def undo_merge(session: Walled, once: OnceOnly, household_id: UUID, merge_id: UUID) -> Merge:
    """Pendant trente jours : chaque dossier redevient ce qu’il était ; ce qui a été écrit depuis reste dans le dossier
    gardé, sauf ce qui complète un élément qui s’en va. 409 avec la raison quand ce n’est plus possible."""
    once.do(None, lambda: merging.undo_merge(session, household_id, merge_id).id)
    return _merge(merging.merge_of(session, household_id, merge_id))
