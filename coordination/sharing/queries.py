"""Reads of agreements: what was agreed, and who sees what of a file today."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from coordination.households.queries import Resident, residents, shares_of
from coordination.households.rules import is_adult
from coordination.identity.permissions import Part
from coordination.identity.queries import organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.sharing.models import Agreement, AgreementPart, AgreementPerson
from coordination.sharing.rules import AgreementState, Answer, Audience, GivenHow, Purpose, SharedPart, agreement_state

NOTICES = Path(__file__).resolve().parents[2] / "policies" / "notices"


@dataclass(frozen=True)
class AgreementView:
    """An agreement as it is read: the answers by name, the parts by structure."""

    agreement: Agreement
    state: AgreementState
    answers: list[tuple[str, Answer]]
    recipients: list[tuple[str, list[SharedPart]]]
    audience: Audience
    refused: bool

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.agreement.purpose)

    @property
    def given_how(self) -> GivenHow:
        return GivenHow(self.agreement.given_how)


@dataclass(frozen=True)
class Seen:
    """One structure that sees something of the file today."""

    organisation_id: UUID
    organisation_name: str
    parts: list[Part]
    professionals_only: bool
    until: date | None
    holder: bool


def adults_of(session: ActorSession, household_id: UUID) -> list[Resident]:
    """The adults of the household today: those who answer for themselves; a minor alone answers too."""
    here = residents(session, household_id, today())
    adults = [resident for resident in here if is_adult(resident.link, resident.age)]
    return adults or here[:1]


def agreements_of(session: ActorSession, household_id: UUID) -> list[AgreementView]:
    """The agreements of a file, the newest first."""
    found = session.exec(
        select(Agreement).where(Agreement.household_id == household_id).order_by(col(Agreement.recorded_at).desc())
    ).all()
    if not found:
        return []
    names = {r.person.id: r.name for r in residents(session, household_id)}
    partners = organisations(session)
    answers = session.exec(select(AgreementPerson).where(AgreementPerson.household_id == household_id)).all()
    parts = session.exec(select(AgreementPart).where(AgreementPart.household_id == household_id)).all()
    return [
        _view(
            agreement,
            [
                (names.get(a.person_id, "Personne non visible"), Answer(a.answer))
                for a in answers
                if a.agreement_id == agreement.id
            ],
            [(partners[p.organisation_id].name, p) for p in parts if p.agreement_id == agreement.id],
        )
        for agreement in found
    ]


def _view(
    agreement: Agreement, answers: list[tuple[str, Answer]], lines: list[tuple[str, AgreementPart]]
) -> AgreementView:
    state = agreement_state(agreement.valid_from, agreement.valid_until, agreement.withdrawn_at is not None, today())
    order = list(SharedPart)
    recipients = [
        (name, sorted((SharedPart(p.part) for n, p in lines if n == name), key=order.index))
        for name in sorted({n for n, _ in lines})
    ]
    wide = any(p.audience == Audience.ALL.value for _, p in lines)
    refused = any(answer is Answer.REFUSES for _, answer in answers) or not any(
        answer is Answer.AGREES for _, answer in answers
    )
    return AgreementView(
        agreement, state, answers, recipients, Audience.ALL if wide else Audience.PROFESSIONALS, refused
    )


def agreement_of(session: ActorSession, household_id: UUID, agreement_id: UUID) -> AgreementView:
    """One agreement of one file. Raises `NotKnown`."""
    for view in agreements_of(session, household_id):
        if view.agreement.id == agreement_id:
            return view
    raise NotKnown


def who_sees(session: ActorSession, household_id: UUID) -> list[Seen]:
    """Which structures see which parts today. Complete for the holder; one's own line otherwise."""
    partners = organisations(session)
    order = list(Part)
    live = [
        share
        for share in shares_of(session, household_id)
        if share.revoked_at is None
        and share.valid_from <= today()
        and (share.valid_until is None or share.valid_until >= today())
    ]
    found = []
    for organisation_id in dict.fromkeys(share.organisation_id for share in live):
        own = [share for share in live if share.organisation_id == organisation_id]
        ends = [share.valid_until for share in own]
        found.append(
            Seen(
                organisation_id=organisation_id,
                organisation_name=partners[organisation_id].name,
                parts=sorted({Part(share.scope) for share in own}, key=order.index),
                professionals_only=all(share.audience == Audience.PROFESSIONALS.value for share in own),
                until=None if None in ends else max(end for end in ends if end is not None),
                holder=any(share.ground == "holder" for share in own),
            )
        )
    return sorted(found, key=lambda seen: (not seen.holder, seen.organisation_name))


@cache
def notice(version: str) -> tuple[str, list[str]]:
    """The information notice read out: its title and its paragraphs."""
    text = (NOTICES / f"{version}.txt").read_text(encoding="utf-8")
    title, *paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    return title, paragraphs
