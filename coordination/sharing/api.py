"""Agreements and shares in JSON: who sees what, what was agreed, recording and withdrawing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.households import queries as households
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Part, Permission
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Walled, needs
from coordination.sharing import queries, service
from coordination.sharing.forms import AccessForm, AgreementForm
from coordination.sharing.rules import (
    AgreementState,
    Answer,
    Audience,
    Decline,
    GivenHow,
    Purpose,
    RequestState,
    SharedPart,
)
from coordination.sharing.views import AgreementView

router = APIRouter(prefix=f"{PREFIX}/households/{{household_id}}", tags=["partage"], dependencies=[Depends(BEARER)])
requests = APIRouter(prefix=f"{PREFIX}/access-requests", tags=["partage"], dependencies=[Depends(BEARER)])
RECORDS = [needs(Permission.RECORD_AGREEMENTS)]


class Share(BaseModel):
    """Une structure qui voit quelque chose du dossier aujourd’hui."""

    organisation: UUID
    name: str = Field(examples=["Épicerie solidaire"])
    parts: list[Part] = Field(description="Les parties qu’elle voit.")
    professionals_only: bool = Field(description="Seulement ses professionnels soumis au secret.")
    until: date | None = Field(description="Dernier jour compris ; `null` pour la structure qui tient le dossier.")
    holder: bool = Field(description="Elle tient le dossier.")


class AdultAnswer(BaseModel):
    """Ce qu’une personne a répondu, pour elle-même."""

    name: str = Field(description="Son nom, ou « Personne non visible ».")
    answer: Answer


class Recipient(BaseModel):
    """Une structure destinataire, et les parties consenties."""

    name: str
    parts: list[SharedPart]


class Agreement(BaseModel):
    """Un accord de partage, tel qu’il a été recueilli."""

    id: UUID
    state: AgreementState = Field(description="Lu de ses dates : à venir, en vigueur, terminé ou retiré.")
    refused: bool = Field(description="Quelqu’un a refusé ou personne n’a accepté : rien n’a été ouvert.")
    organisation: UUID = Field(description="La structure qui l’a recueilli.")
    purpose: Purpose
    given_how: GivenHow
    representative: str = Field(description="Le représentant légal, s’il y en a un.")
    notice_version: str = Field(description="La notice d’information lue.", examples=["2026-11"])
    audience: Audience
    answers: list[AdultAnswer]
    recipients: list[Recipient] = Field(description="Toutes pour qui tient le dossier ; la vôtre seulement, sinon.")
    valid_from: date
    valid_until: date = Field(description="Dernier jour compris.")
    recorded_at: datetime
    withdrawn_at: datetime | None


def _model(view: AgreementView) -> Agreement:
    row = view.agreement
    return Agreement(
        id=row.id,
        state=view.state,
        refused=view.refused,
        organisation=row.organisation_id,
        purpose=view.purpose,
        given_how=view.given_how,
        representative=row.representative,
        notice_version=row.notice_version,
        audience=view.audience,
        answers=[AdultAnswer(name=name, answer=answer) for name, answer in view.answers],
        recipients=[Recipient(name=name, parts=parts) for name, parts in view.recipients],
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
    )


@router.get("/shares", summary="Qui voit ce dossier", dependencies=[needs(Permission.READ_FILES)])
def shares(session: Walled, household_id: UUID) -> list[Share]:
    """Les structures qui voient le dossier aujourd’hui : toutes pour qui le tient, la vôtre seulement sinon."""
    households.file_header(session, household_id)
    return [
        Share(
            organisation=seen.organisation_id,
            name=seen.organisation_name,
            parts=seen.parts,
            professionals_only=seen.professionals_only,
            until=seen.until,
            holder=seen.holder,
        )
        for seen in queries.who_sees(session, household_id)
    ]


@router.get("/agreements", summary="Les accords d’un foyer", dependencies=[needs(Permission.READ_FILES)])
def agreements(session: Walled, household_id: UUID) -> list[Agreement]:
    """Les accords que vous pouvez connaître, les plus récents d’abord."""
    households.file_header(session, household_id)
    return [_model(view) for view in queries.agreements_of(session, household_id)]


@router.get("/agreements/{agreement_id}", summary="Un accord", dependencies=[needs(Permission.READ_FILES)])
def agreement(session: Walled, household_id: UUID, agreement_id: UUID) -> Agreement:
    """Le reçu de l’accord : qui a répondu quoi, pour qui, jusqu’à quand."""
    households.file_header(session, household_id)
    return _model(queries.agreement_of(session, household_id, agreement_id))


class NewAnswer(Body):
    """La réponse d’un adulte du foyer, pour lui-même."""

    person: UUID = Field(description="Une personne adulte du foyer (voir `GET …/people`).")
    answer: Answer


class NewAgreement(Body):
    """Ce que chaque adulte a répondu, et ce que cela ouvre : à qui, quoi, pourquoi, jusqu’à quand."""

    adults: Annotated[list[NewAnswer], Field(min_length=1, max_length=20)]
    recipients: Annotated[
        list[UUID],
        Field(min_length=1, max_length=50, description="Structures du réseau ou services extérieurs."),
    ]
    parts: Annotated[list[SharedPart], Field(min_length=1, description="`identity` en fait toujours partie.")]
    audience: Audience = Field(description="La partie `sensitive` va toujours aux seuls professionnels.")
    purpose: Purpose
    given_how: GivenHow
    representative: Annotated[str, Field(max_length=120, description="Obligatoire si `given_how` le dit.")] = ""
    valid_until: date = Field(description="Dernier jour compris : d’aujourd’hui à un an.", examples=["2027-05-21"])
    request: UUID | None = Field(
        None, description="La demande d’accès à laquelle cet accord répond : acceptée, ou refusée si l’accord l’est."
    )


@router.post(
    "/agreements",
    status_code=201,
    summary="Enregistrer un accord",
    dependencies=[needs(Permission.RECORD_AGREEMENTS)],
)
def record(session: Walled, once: OnceOnly, household_id: UUID, asked: NewAgreement) -> Agreement:
    """Réservé à qui tient le dossier. Si quelqu’un accepte et que personne ne refuse, tout s’ouvre aussitôt."""
    form = form_of(AgreementForm, asked.model_dump())
    made = once.do(asked, lambda: service.record_agreement(session, household_id, form).id)
    once.located(f"{PREFIX}/households/{household_id}/agreements/{made}")
    return _model(queries.agreement_of(session, household_id, made))


@router.post(
    "/agreements/{agreement_id}/withdraw",
    summary="Retirer un accord",
    dependencies=[needs(Permission.RECORD_AGREEMENTS)],
)
def withdraw(session: Walled, once: OnceOnly, household_id: UUID, agreement_id: UUID) -> Agreement:
    """Ce que l’accord ouvrait se ferme dès la réponse. 409 s’il est déjà retiré."""
    done = once.do(None, lambda: service.withdraw_agreement(session, household_id, agreement_id).id)
    return _model(queries.agreement_of(session, household_id, done))


# ------------------------------------------------------------------ access requests


class AccessRequest(BaseModel):
    """Une demande de lire le dossier dont la personne a donné le code."""

    id: UUID
    code: str = Field(description="Le code tapé.", examples=["7K3M-2PX"])
    organisation: UUID = Field(description="La structure qui demande.")
    parts: list[SharedPart]
    purpose: Purpose
    state: RequestState = Field(description="`asked` aussi quand aucun dossier ne porte ce code : rien n’en est dit.")
    reason: Decline | None = Field(description="Pourquoi elle a été refusée.")
    asked_at: datetime
    answered_at: datetime | None


class NewAccessRequest(Body):
    """Le code donné par la personne, et ce que vous demandez à lire."""

    code: Annotated[str, Field(min_length=1, max_length=20, examples=["7K3M-2PX"])]
    parts: Annotated[list[SharedPart], Field(min_length=1, description="`identity` en fait toujours partie.")]
    purpose: Purpose


class Refusal(Body):
    """Pourquoi la demande est refusée."""

    reason: Decline


class Answered(BaseModel):
    """La réponse donnée à une demande."""

    request: UUID
    state: RequestState


def _request(view: queries.RequestView) -> AccessRequest:
    return AccessRequest(
        id=view.id,
        code=view.code,
        organisation=view.asker,
        parts=view.parts,
        purpose=view.purpose,
        state=view.state,
        reason=view.reason,
        asked_at=view.asked_at,
        answered_at=view.answered_at,
    )


@requests.get("", summary="Vos demandes d’accès", dependencies=RECORDS)
def asked_by_us(session: Walled) -> list[AccessRequest]:
    """Celles de votre structure, les plus récentes d’abord, sous les codes que vous avez donnés."""
    return [_request(view) for view in queries.my_requests(session)]


@requests.post("", status_code=201, summary="Demander à lire un dossier", dependencies=RECORDS)
def ask(session: Walled, once: OnceOnly, asked: NewAccessRequest) -> AccessRequest:
    """La réponse est la même qu’un dossier porte ce code ou non. 409 au-delà de vingt demandes en un jour, ou si votre
    structure attend déjà une réponse pour ce code. La structure qui tient le dossier répond, avec l’accord du foyer."""
    form = form_of(AccessForm, asked.model_dump())
    made = once.do(asked, lambda: service.request_access(session, form))
    return next(_request(view) for view in queries.my_requests(session, most=100) if view.id == made)


@router.get("/access-requests", summary="Les demandes sur un dossier", dependencies=RECORDS)
def waiting(session: Walled, household_id: UUID) -> list[AccessRequest]:
    """Celles qui attendent une réponse, la plus ancienne d’abord ; réservé à la structure qui tient le dossier.

    Pour accepter, enregistrez l’accord de la personne (`POST …/agreements`, champ `request`).
    """
    households.refuse_non_holder(session, household_id)
    return [_request(view) for view in queries.requests_waiting(session, household_id, most=100)]


@router.post("/access-requests/{request_id}/decline", summary="Refuser une demande", dependencies=RECORDS)
def decline(session: Walled, once: OnceOnly, household_id: UUID, request_id: UUID, asked: Refusal) -> Answered:
    """Le motif est lu par la structure qui a demandé ; il ne dit rien du foyer. 409 si elle a déjà sa réponse."""
    done = once.do(asked, lambda: service.decline_request(session, household_id, request_id, asked.reason).id)
    return Answered(request=done, state=RequestState.DECLINED)
