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
from coordination.households.rules import read_code
from coordination.identity import queries as identity
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState
from coordination.kit.web import Acting, Walled, datetime_fr, needs, page

OPENED = "household.read"
UNKNOWN = "Aucun dossier du réseau ne porte ce code : il a la forme 7K3M-2PX, relisez-le avec la personne."

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
    code: str
    fields: list[str]


@dataclass(frozen=True)
class Who:
    """Somebody who opened a file, or acted on it."""

    name: str
    organisation: str
    readings: int
    days: int
    others: int
    first: str
    last: str


@router.get("")
def journal(
    request: Request,
    session: Walled,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    dossier: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The newest lines first, by pages; of one household alone by its code, and then who saw it."""
    form = FormState.of({"dossier": dossier})
    code = read_code(dossier) if dossier.strip() else ""
    about = queries.files_named(session, code=code) if code else {}
    if dossier.strip() and not about:
        form.refuse("dossier", UNKNOWN)
    lines = queries.page_of_lines(session, before, PAGE_OF_LINES + 1, about or None)
    return page(
        request,
        "audit/journal.html",
        title=f"Qui a vu le dossier {code}" if about else "Journal",
        status=422 if form.errors else 200,
        form=form,
        code=code if about else "",
        seen=_who_saw(session, about) if about and before is None else [],
        lines=_shown(session, lines[:PAGE_OF_LINES]),
        older=lines[PAGE_OF_LINES - 1].number if len(lines) > PAGE_OF_LINES else None,
        first=before is None,
    )


def _who_saw(session: ActorSession, about: dict[UUID, str]) -> list[Who]:
    found = queries.who_saw(session, about, OPENED)
    names = identity.member_names(session, {UUID(one.actor_id) for one in found if one.actor_kind == "member"})
    organisations = identity.organisations(session)
    return [
        Who(
            name=_who(one.actor_kind, one.actor_id, names),
            organisation=organisations[one.organisation_id].name if one.organisation_id in organisations else "",
            readings=one.readings,
            days=one.days,
            others=one.others,
            first=datetime_fr(one.first),
            last=datetime_fr(one.last),
        )
        for one in found
    ]


def _shown(session: ActorSession, lines: list[JournalLine]) -> list[Shown]:
    codes = queries.files_named(session, {line.household_id for line in lines if line.household_id})
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
            code=codes.get(line.household_id, "") if line.household_id else "",
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
