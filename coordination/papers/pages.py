"""The papers of a referral, as PDF to download: one for the partner, one for the person."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit import once
from coordination.kit.errors import Malformed
from coordination.kit.forms import Form, read
from coordination.kit.pdf import Download
from coordination.kit.web import Submitted, Walled, needs
from coordination.papers import sheets

router = APIRouter()
READS = [needs(Permission.READ_REFERRALS)]
YES = "oui"


class PersonSheetForm(Form):
    """Whether the person wants the need on paper."""

    motif: Literal["", "oui"] = ""


@router.get("/orientations/{referral_id}/fiche.pdf", dependencies=READS)
def for_partner(session: Walled, referral_id: UUID, motif: str = "") -> Response:
    """What the agreement lets pass to the partner, on one sheet."""
    made = sheets.partner_sheet(session, referral_id, reason=motif == YES)
    return Download.of(made.content, made.name)


@router.post("/orientations/{referral_id}/feuille.pdf", dependencies=[needs(Permission.ANSWER_REFERRALS)])
def for_person(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Where to go and what to bring, in plain words; and a link of her own, which is why it is asked by a button."""
    asked, _ = read(PersonSheetForm, data)
    if asked is None:
        raise Malformed
    base_url = request.app.state.settings.base_url
    reason, secret = asked.motif == YES, once.drawn(request)
    made = sheets.person_sheet(session, referral_id, reason=reason, base_url=base_url, secret=secret)
    return Download.of(made.content, made.name)
