"""The journal's screens, for the data protection officer: its lines, and the proof that its chain is whole."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coordination.audit import queries
from coordination.audit.models import JournalLine
from coordination.audit.rules import (
    ACTOR_KINDS,
    LARGEST_NUMBER,
    PAGE_OF_LINES,
    READ_JOURNAL,
    SERVICES,
    short,
    subject_label,
)
from coordination.audit.service import ACTS
from coordination.identity import queries as identity
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.web import Acting, Walled, datetime_fr, needs, page

router = APIRouter(prefix="/journal", dependencies=[needs(READ_JOURNAL)])


@dataclass(frozen=True)
class Shown:
    """A line as the officer reads it: never a household's name, only the beginning of its identifier."""

    number: int
    when: str
    what: str
    who: str
    organisation: str
    subject: str
    household: str
    fields: list[str]


@router.get("")
def journal(
    request: Request,
    session: Walled,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
) -> Response:
    """The newest lines first, by pages."""
    lines = queries.page_of_lines(session, before, PAGE_OF_LINES + 1)
    return page(
        request,
        "audit/journal.html",
        title="Journal",
        lines=_shown(session, lines[:PAGE_OF_LINES]),
        older=lines[PAGE_OF_LINES - 1].number if len(lines) > PAGE_OF_LINES else None,
        first=before is None,
    )


def _shown(session: ActorSession, lines: list[JournalLine]) -> list[Shown]:
    names = identity.member_names(session, {UUID(line.actor_id) for line in lines if line.actor_kind == "member"})
    organisations = identity.organisations(session)
    return [
        Shown(
            number=line.number,
            when=datetime_fr(line.at),
            what=ACTS[line.verb].label if line.verb in ACTS else line.verb,
            who=_who(line.actor_kind, line.actor_id, names),
            organisation=organisations[line.organisation_id].name if line.organisation_id in organisations else "",
            subject=f"{subject_label(line.subject).capitalize()} {short(line.subject_id)}",
            household=short(str(line.household_id)) if line.household_id and line.subject != "household" else "",
            fields=line.fields,
        )
        for line in lines
    ]


def _who(kind: str, actor_id: str, names: dict[UUID, str]) -> str:
    label = ACTOR_KINDS.get(kind, kind)
    if kind == "member":
        return names.get(UUID(actor_id), f"{label} {short(actor_id)}")
    return SERVICES.get(actor_id, f"{label} ({actor_id})") if kind == "service" else label


@router.get("/verification")
def verification(request: Request, session: Walled, member: Acting) -> Response:
    """Walks the whole chain and says whether it holds."""
    network = identity.network(session, member.network_id)
    return page(
        request,
        "audit/verification.html",
        title="Vérification du journal",
        verdict=queries.verify(session, member.network_id),
        network_name=network.name if network else "",
        at=now(),
    )
