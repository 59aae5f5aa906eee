"""The papers of a referral through the API."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from coordination.identity.permissions import Permission
from coordination.kit.pdf import Download
from coordination.kit.rest import BEARER, PREFIX
from coordination.kit.web import Walled, needs
from coordination.papers import sheets

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])
Reason = Annotated[bool, Query(description="Écrire le motif, si la personne le veut ; jamais santé ni violences.")]


@router.get(
    "/referrals/{referral_id}/partner-sheet",
    summary="La fiche de liaison (PDF)",
    response_class=Download,
    dependencies=[needs(Permission.READ_REFERRALS)],
)
def partner_sheet(session: Walled, referral_id: UUID, *, reason: Reason = False) -> Download:
    """Ce que l’accord laisse passer au partenaire, et rien de plus ; 409 s’il ne couvre plus rien. PDF/UA-1.
    `reason` ne compte que pour une remise en main propre : sinon le motif transmis y est toujours."""
    made = sheets.partner_sheet(session, referral_id, reason=reason)
    return Download.of(made.content, made.name)


@router.get(
    "/referrals/{referral_id}/person-sheet",
    summary="La feuille pour la personne (PDF)",
    response_class=Download,
    dependencies=[needs(Permission.READ_REFERRALS)],
)
def person_sheet(session: Walled, referral_id: UUID, *, reason: Reason = False) -> Download:
    """En mots simples : où aller, quoi apporter, ses droits, qui appeler. PDF/UA-1."""
    made = sheets.person_sheet(session, referral_id, reason=reason)
    return Download.of(made.content, made.name)
