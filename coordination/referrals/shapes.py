"""Needs and referrals as the API writes them: codes for everybody, names and words where they are shared."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from coordination.kit.db import ActorSession
from coordination.referrals import moves, queries, service
from coordination.referrals.baskets import Wait
from coordination.referrals.forms import LONGEST_WORDS
from coordination.referrals.household import Due, Said
from coordination.referrals.machine import State
from coordination.referrals.rules import Domain, NeedState, Outcome, Refusal

Words = Annotated[str, Field(max_length=LONGEST_WORDS, description="Lu par les deux structures, derrière le partage.")]
ReachName = Annotated[str, Field(max_length=120, description="Le nom qu’un service extérieur lit s’il accepte.")]
ReachContact = Annotated[
    str,
    Field(max_length=200, description="Comment un service extérieur joint la personne ; sinon, ce que dit le dossier."),
]
Version = Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


class ReferralLine(BaseModel):
    """Une orientation : des codes pour tous, le nom et le vrai domaine là où ils sont partagés."""

    id: UUID
    household: UUID
    household_code: str = Field(examples=["7K3M-2PX"])
    name: str | None = Field(description="`null` si l’identité ne vous est pas partagée.")
    need: UUID
    domain: Domain = Field(description="`autre` aussi quand le vrai domaine ne vous est pas ouvert.")
    sender: UUID
    receiver: UUID = Field(description="Une structure du réseau, ou un service extérieur (`GET /services`).")
    outside: bool = Field(description="Adressée à un service sans compte, qui répond par un lien.")
    by_hand: bool = Field(description="Fiche remise en main propre : rien n’a été transmis.")
    state: State
    refusal: Refusal | None
    outcome: Outcome | None
    household_says: Said | None = Field(description="Ce que le foyer répond, une fois l’orientation terminée.")
    household_due: Due | None = Field(
        description="Ce que l’on doit encore au foyer : lui demander (`answer`), le rappeler (`call`)."
    )
    sent_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    waiting_days: int = Field(description="Jours entiers depuis l’envoi.")
    late: bool = Field(description="Sans réponse dans le délai.")
    wait: Wait | None = Field(description="Où en est l’attente d’une réponse ; `null` si aucune n’est attendue.")
    expires_at: datetime = Field(description="Sans réponse à ce moment, l’orientation expire.")
    parent: UUID | None = Field(description="L’orientation dont celle-ci prend la suite.")
    moves: list[str] = Field(
        description="Ce que vous pouvez faire maintenant : chaque mot est l’adresse d’une étape.", examples=[["accept"]]
    )
    version: int


class Told(BaseModel):
    """Des mots écrits sur l’orientation."""

    words: str
    organisation: str
    name: str
    written_at: datetime
    confidential: bool = Field(description="Note interne : votre structure seule la lit.")


class Moved(BaseModel):
    """Une étape de l’orientation."""

    at: datetime
    verb: str = Field(examples=["accept"])
    state: State
    reason: str = Field(description="Le motif ou le résultat, en clair ; vide s’il n’y en a pas.")
    organisation: str
    name: str


class Referral(ReferralLine):
    """Une orientation, ses mots et son histoire."""

    summary: str | None = Field(description="Le besoin ; `null` s’il ne vous est pas (ou plus) ouvert.")
    words: list[Told]
    history: list[Moved] = Field(description="Les étapes, la dernière d’abord.")
    takes_back: str = Field(description="L’étape que vous pouvez encore défaire (`undo`) ; vide sinon.")


class Need(BaseModel):
    """Un besoin d’un foyer, et où en sont ses orientations."""

    id: UUID
    domain: Domain
    sensitive: bool = Field(description="Le domaine touche à la santé ou aux violences.")
    summary: str
    organisation: UUID = Field(description="La structure qui l’a noté.")
    state: NeedState
    opened_at: datetime
    referrals: list[ReferralLine]


def _values(session: ActorSession, line: queries.Line) -> dict[str, object]:
    row = line.row
    offered = moves.offers(session.member, line)
    return {
        "id": row.id,
        "household": row.household_id,
        "household_code": row.household_code,
        "name": line.name,
        "need": row.need_id,
        "domain": line.domain,
        "sender": row.from_organisation_id,
        "receiver": queries.recipient_of(row),
        "outside": line.outside,
        "by_hand": row.by_hand,
        "state": line.state,
        "refusal": row.refusal,
        "outcome": row.outcome,
        "household_says": row.household_says,
        "household_due": row.household_due,
        "sent_at": row.sent_at,
        "answered_at": row.answered_at,
        "closed_at": row.closed_at,
        "waiting_days": line.waiting_days,
        "late": line.late,
        "wait": line.wait,
        "expires_at": row.expires_at,
        "parent": row.parent_id,
        "moves": list(dict.fromkeys(move.verb for move in offered)),
        "version": row.version,
    }


def line_body(session: ActorSession, line: queries.Line) -> ReferralLine:
    return ReferralLine.model_validate(_values(session, line))


def need_body(session: ActorSession, view: queries.NeedView) -> Need:
    return Need(
        id=view.row.id,
        domain=view.domain,
        sensitive=view.row.sensitive,
        summary=view.row.summary,
        organisation=view.row.organisation_id,
        state=view.state,
        opened_at=view.row.opened_at,
        referrals=[line_body(session, line) for line in view.referrals],
    )


def referral_body(session: ActorSession, referral_id: UUID) -> Referral:
    view = queries.show(session, referral_id)
    service.note_read(session, view)
    return Referral.model_validate(
        {
            **_values(session, view.line),
            "summary": view.need.summary if view.need else None,
            "words": [vars(told) for told in view.words],
            "history": [vars(moved) for moved in view.moves],
            "takes_back": view.takes_back,
        }
    )
