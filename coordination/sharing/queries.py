"""Reads of agreements: what was agreed, and who sees what of a file today."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlmodel import col, select

from coordination.directory.queries import service_names
from coordination.households.queries import Resident, household_codes, reference_names, residents, shares_of
from coordination.households.rules import is_adult
from coordination.identity.permissions import Part
from coordination.identity.queries import organisations
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.sharing.models import (
    AccessRequest,
    AccessRequestFile,
    Agreement,
    AgreementPart,
    AgreementPerson,
    AgreementService,
)
from coordination.sharing.rules import (
    ENDING_SOON_DAYS,
    REVIEW_DAYS,
    Answer,
    Audience,
    Decline,
    Purpose,
    RequestState,
    SharedPart,
    agreement_state,
)
from coordination.sharing.views import AgreementView, Opened, Seen, closing

NOTICES = Path(__file__).resolve().parents[2] / "policies" / "notices"


AGREEMENTS = Question(
    select(Agreement).where(Agreement.household_id == ABOUT).order_by(col(Agreement.recorded_at).desc())
)
_OF_FILE = select(Agreement.id).where(Agreement.household_id == ABOUT)
ANSWERS = Question(select(AgreementPerson).where(col(AgreementPerson.agreement_id).in_(_OF_FILE)))
PARTS = Question(select(AgreementPart).where(col(AgreementPart.agreement_id).in_(_OF_FILE)))
SERVICES = Question(select(AgreementService).where(col(AgreementService.agreement_id).in_(_OF_FILE)))
_WAITING = (
    select(AccessRequest, AccessRequestFile.household_id)
    .join(AccessRequestFile, col(AccessRequestFile.id) == AccessRequest.id)
    .where(AccessRequest.state == RequestState.ASKED.value)
    .order_by(col(AccessRequest.asked_at))
)
WAITING = Question(_WAITING.where(AccessRequestFile.household_id == ABOUT))
ASKED = (AGREEMENTS, ANSWERS, PARTS, SERVICES, WAITING)
"""What the page of a file reads of agreements."""


def adults_of(session: ActorSession, household_id: UUID) -> list[Resident]:
    """The adults of the household today: those who answer for themselves; a minor alone answers too."""
    here = residents(session, household_id, today())
    adults = [resident for resident in here if is_adult(resident.link, resident.age)]
    return adults or here[:1]


def agreements_of(session: ActorSession, household_id: UUID) -> list[AgreementView]:
    """The agreements of a file, the newest first."""
    found = AGREEMENTS.of(session, household_id)
    if not found:
        return []
    names = {r.person.id: r.name for r in residents(session, household_id)}
    order = {person_id: n for n, person_id in enumerate(names)}
    partners = organisations(session)
    answers, parts = ANSWERS.of(session, household_id), PARTS.of(session, household_id)
    lines = [(p.agreement_id, partners[p.organisation_id].name, SharedPart(p.part)) for p in parts]
    lines += [(o.agreement_id, name, part) for name, o in _services(session, household_id) for part in _link(o)]
    wide = {p.agreement_id for p in parts if p.audience == Audience.ALL.value}
    return [
        _view(
            agreement,
            [
                (names.get(a.person_id, "Personne non visible"), Answer(a.answer))
                for a in sorted(answers, key=lambda a: order.get(a.person_id, 0))
                if a.agreement_id == agreement.id
            ],
            [(name, part) for agreement_id, name, part in lines if agreement_id == agreement.id],
            Audience.ALL if agreement.id in wide else Audience.PROFESSIONALS,
        )
        for agreement in found
    ]


def _services(session: ActorSession, household_id: UUID) -> list[tuple[str, AgreementService]]:
    """The outside services that agreements of a file name, by their names: for the holder alone."""
    rows = SERVICES.of(session, household_id)
    names = service_names(session, {row.service_id for row in rows})
    return [(names[row.service_id], row) for row in rows]


def _link(row: AgreementService) -> list[SharedPart]:
    return [SharedPart.LINK, SharedPart.SENSITIVE] if row.sensitive else [SharedPart.LINK]


def _view(
    agreement: Agreement, answers: list[tuple[str, Answer]], lines: list[tuple[str, SharedPart]], audience: Audience
) -> AgreementView:
    state = agreement_state(agreement.valid_from, agreement.valid_until, agreement.withdrawn_at is not None, today())
    order = list(SharedPart)
    recipients = [
        (name, sorted((part for n, part in lines if n == name), key=order.index))
        for name in sorted({n for n, _ in lines})
    ]
    refused = any(answer is Answer.REFUSES for _, answer in answers) or not any(
        answer is Answer.AGREES for _, answer in answers
    )
    return AgreementView(agreement, state, answers, recipients, audience, refused)


def agreement_of(session: ActorSession, household_id: UUID, agreement_id: UUID) -> AgreementView:
    """One agreement of one file. Raises `NotKnown`."""
    for view in agreements_of(session, household_id):
        if view.agreement.id == agreement_id:
            return view
    raise NotKnown


def absent_of(session: ActorSession, household_id: UUID, agreement_id: UUID) -> list[tuple[UUID, str]]:
    """The adults of the household whose answer to an agreement is still to be collected: who left, or died, is not
    asked any more."""
    names = {r.person.id: r.name for r in residents(session, household_id, today())}
    found = session.exec(
        select(AgreementPerson.person_id).where(
            AgreementPerson.agreement_id == agreement_id, AgreementPerson.answer == Answer.ABSENT.value
        )
    ).all()
    return [(person_id, name) for person_id, name in names.items() if person_id in found]


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


# ------------------------------------------------------------------ what an agreement opens, and what closes with it


def opened_by(session: ActorSession, household_id: UUID, agreement_id: UUID) -> list[Opened]:
    """The lines of an agreement as they were granted, those that ended too; one's own alone for a partner."""
    partners = organisations(session)
    shares = shares_of(session, household_id)
    day = today()
    live = [
        s
        for s in shares
        if s.agreement_id != agreement_id
        and s.revoked_at is None
        and s.valid_from <= day
        and (s.valid_until is None or s.valid_until >= day)
    ]
    order = list(SharedPart)
    found = [
        Opened(
            organisation_id=share.organisation_id,
            organisation_name=partners[share.organisation_id].name,
            part=SharedPart(share.scope),
            ended_at=share.revoked_at,
            kept_until=max(
                (
                    s.valid_until or date.max
                    for s in live
                    if (s.organisation_id, s.scope) == (share.organisation_id, share.scope)
                ),
                default=None,
            ),
        )
        for share in shares
        if share.agreement_id == agreement_id
    ]
    found += _opened_to_services(session, household_id, agreement_id)
    return sorted(found, key=lambda line: (line.organisation_name, order.index(line.part)))


def _opened_to_services(session: ActorSession, household_id: UUID, agreement_id: UUID) -> list[Opened]:
    rows = [(name, row) for name, row in _services(session, household_id) if row.granted_at]
    others = session.exec(select(Agreement).where(Agreement.household_id == household_id)).all() if rows else []
    ends = {a.id: a.valid_until for a in others if a.id != agreement_id and a.valid_from <= today() <= a.valid_until}
    kept = {r.service_id: ends[r.agreement_id] for _, r in rows if not r.revoked_at and r.agreement_id in ends}
    return [
        Opened(row.service_id, name, SharedPart.LINK, row.revoked_at, kept.get(row.service_id))
        for name, row in rows
        if row.agreement_id == agreement_id
    ]


# ------------------------------------------------------------------ agreements that end soon, shares to look at again


@dataclass(frozen=True)
class Ending:
    """An agreement that ends soon and that nothing renews yet."""

    household_id: UUID
    agreement_id: UUID
    title: str
    until: date
    recipients: list[str]


def ending_soon(session: ActorSession, household_id: UUID | None = None, most: int = 20) -> list[Ending]:
    """The agreements one's own organisation recorded, of all files or of one, that end within thirty days while they
    still open something that no later agreement opens; the nearest end first."""
    mine, last = session.member.organisation_id, today() + timedelta(days=ENDING_SOON_DAYS)
    if household_id:
        own = [a for a in AGREEMENTS.of(session, household_id) if a.organisation_id == mine and a.withdrawn_at is None]
        found = sorted((a for a in own if today() <= a.valid_until <= last), key=lambda a: a.valid_until)
    else:
        alive = select(Agreement).where(Agreement.organisation_id == mine, col(Agreement.withdrawn_at).is_(None))
        ending = alive.where(col(Agreement.valid_until).between(today(), last)).order_by(col(Agreement.valid_until))
        found = list(session.exec(ending.limit(most)))
    names = titles(session, {agreement.household_id for agreement in found})
    endings = []
    for agreement in found:
        losing = [
            line
            for line in closing(opened_by(session, agreement.household_id, agreement.id), None, None)
            if line.kept_until is None or line.kept_until <= agreement.valid_until
        ]
        if losing:
            recipients = list(dict.fromkeys(line.organisation_name for line in losing))
            title = names[agreement.household_id]
            endings.append(Ending(agreement.household_id, agreement.id, title, agreement.valid_until, recipients))
    return endings


def titles(session: ActorSession, household_ids: set[UUID]) -> dict[UUID, str]:
    """The reference person's name where one may see it, the code of the file otherwise."""
    return {**household_codes(session, household_ids), **reference_names(session, household_ids)}


@dataclass(frozen=True)
class ToReview:
    """A file shared with one's organisation for half a year or more, since it was shared or last confirmed."""

    household_id: UUID
    title: str
    since: date
    confirmed_at: datetime | None


def to_review(session: ActorSession, most: int = 50) -> list[ToReview]:
    """The files shared with one's own organisation that it has to look at again, the longest shared first."""
    rows = session.rows(
        "select * from (select s.household_id, min(s.valid_from) as since, (select max(r.confirmed_at)"
        " from share_review r where r.household_id = s.household_id and r.organisation_id = s.organisation_id)"
        " as confirmed_at from share s where s.organisation_id = :me and s.ground = 'agreement'"
        " and s.revoked_at is null and s.valid_from <= :before and (s.valid_until is null or s.valid_until >= :today)"
        " group by s.household_id, s.organisation_id) x where confirmed_at is null or confirmed_at::date <= :before"
        " order by since, household_id limit :most",
        me=session.member.organisation_id,
        before=today() - timedelta(days=REVIEW_DAYS),
        today=today(),
        most=most,
    )
    names = titles(session, {row.household_id for row in rows})
    return [
        ToReview(row.household_id, names[row.household_id], row.since, row.confirmed_at)
        for row in rows
        if row.household_id in names  # reserved to professionals, and one is not
    ]


# ------------------------------------------------------------------ access requests


@dataclass(frozen=True)
class RequestView:
    """A request of access: the asker reads a code, the holder the file it is about (None for the asker)."""

    id: UUID
    household_id: UUID | None
    title: str
    code: str
    asker: UUID
    asker_name: str
    parts: list[SharedPart]
    purpose: Purpose
    asked_at: datetime
    answered_at: datetime | None
    state: RequestState
    reason: Decline | None


class Answered(NotNow):
    """Cette demande a déjà reçu une réponse. Rien n’a été modifié."""


def my_requests(session: ActorSession, most: int = 100) -> list[RequestView]:
    """What one's own organisation asked, the newest first, by the code typed."""
    mine = (
        select(AccessRequest)
        .where(AccessRequest.organisation_id == session.member.organisation_id)
        .order_by(col(AccessRequest.asked_at).desc())
        .limit(most)
    )
    return [_request(session, row, None, row.code) for row in session.exec(mine)]


def requests_waiting(session: ActorSession, household_id: UUID | None = None, most: int = 20) -> list[RequestView]:
    """The requests that wait for an answer on the files one holds, or on one of them; the oldest first."""
    rows = WAITING.of(session, household_id) if household_id else session.exec(_WAITING.limit(most)).all()
    names = reference_names(session, {file for _, file in rows})
    return [_request(session, row, file, names.get(file, row.code)) for row, file in rows]


def _request(session: ActorSession, row: AccessRequest, file: UUID | None, title: str) -> RequestView:
    return RequestView(
        id=row.id,
        household_id=file,
        title=title,
        code=row.code,
        asker=row.organisation_id,
        asker_name=organisations(session)[row.organisation_id].name,
        parts=[part for part in SharedPart if part in row.parts],
        purpose=Purpose(row.purpose),
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        state=RequestState(row.state),
        reason=Decline(row.reason) if row.reason else None,
    )


def already_asked(session: ActorSession, code: str) -> bool:
    """Whether one's own organisation waits for an answer about this code."""
    return any(r.code == code and r.state is RequestState.ASKED for r in my_requests(session))


def request_on(session: ActorSession, household_id: UUID, request_id: UUID) -> AccessRequestFile:
    """A request that waits on this file one holds. Raises `NotKnown`, or `Answered`."""
    about = session.get(AccessRequestFile, request_id)
    asked = session.get(AccessRequest, request_id)
    if about is None or asked is None or about.household_id != household_id:
        raise NotKnown
    if asked.state != RequestState.ASKED:
        raise Answered
    return about
