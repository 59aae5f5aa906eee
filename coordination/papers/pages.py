"""The papers of a referral, as PDF to download: one for the partner, one for the person."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit.pdf import Download
from coordination.kit.web import Walled, needs
from coordination.papers import sheets

router = APIRouter()
READS = [needs(Permission.READ_REFERRALS)]
YES = "oui"


@router.get("/orientations/{referral_id}/fiche.pdf", dependencies=READS)
def for_partner(session: Walled, referral_id: UUID, motif: str = "") -> Response:
    """What the agreement lets pass to the partner, on one sheet."""
    made = sheets.partner_sheet(session, referral_id, reason=motif == YES)
    return Download.of(made.content, made.name)


@router.get("/orientations/{referral_id}/feuille.pdf", dependencies=READS)
def for_person(session: Walled, referral_id: UUID, motif: str = "") -> Response:
    """Where to go and what to bring, in plain words."""
    made = sheets.person_sheet(session, referral_id, reason=motif == YES)
    return Download.of(made.content, made.name)
