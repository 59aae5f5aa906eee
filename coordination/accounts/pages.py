"""The accounts of one organisation: colleagues, what each may do, links to hand over."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.accounts.forms import InviteForm, RightsForm
from coordination.identity import queries, service
from coordination.identity.permissions import Permission, Role
from coordination.identity.rules import InvitationPurpose, token_hash
from coordination.kit import once
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, go, needs, page

router = APIRouter(prefix="/comptes", dependencies=[needs(Permission.MANAGE_ACCOUNTS)])
ROLE_CHOICES = [(role.value, role.label, role.about) for role in Role]


@router.get("")
def accounts(request: Request, session: Walled, member: Acting) -> Response:
    """Colleagues and links handed over."""
    people = queries.colleagues(session, member.organisation_id)
    return page(
        request,
        "accounts/accounts.html",
        title="Comptes",
        people=people,
        own=member.membership_id,
        links=queries.pending_invitations(session, member.organisation_id, now()),
        labels=queries.labels,
        resets=InvitationPurpose.RESET,
    )


# ------------------------------------------------------------------ invitations


@router.get("/inviter")
def invite(request: Request) -> Response:
    """The form to invite a colleague."""
    return _invite(request, FormState())


def _invite(request: Request, form: FormState, status: int = 200) -> Response:
    return page(
        request, "accounts/invite.html", title="Inviter un collègue", form=form, status=status, choices=ROLE_CHOICES
    )


@router.post("/inviter")
def invite_send(request: Request, data: Submitted, session: Walled) -> Response:
    """Makes the link and shows it once: it is not kept anywhere."""
    asked, form = read(InviteForm, data, lists=["roles"])
    if asked is None:
        return _invite(request, form, 422)

    def make(token: str) -> Any:
        return service.invite(
            session, token=token, email=asked.email, name=asked.name, roles=asked.roles, professional=asked.professional
        )

    try:
        return _link(request, session, make)
    except NotNow as refused:
        session.rollback()
        form.refuse("email", refused.sentence)
        return _invite(request, form, refused.status)


def _link(request: Request, session: ActorSession, make: Callable[[str], Any]) -> Response:
    """The link made with this token; sent twice, the form shows the one it made, as long as it serves."""
    token = once.drawn(request)
    made = queries.link_drawn(session, token_hash(token))
    if made is None:
        made = make(token)
    elif made.used_at or made.revoked_at:
        return go(
            request, "/comptes", f"Le lien de {made.name} a déjà servi ou a été annulé. Créez-en un autre.", "info"
        )
    return page(
        request,
        "accounts/link.html",
        title="Lien à remettre",
        made=made,
        reset=made.purpose == InvitationPurpose.RESET,
        role_labels=queries.labels(made.roles),
        address=f"{request.app.state.settings.base_url}/invitation/{token}",
    )


@router.post("/liens/{invitation_id}/annuler")
def revoke_link(request: Request, invitation_id: UUID, session: Walled, member: Acting) -> Response:
    """Makes a link useless."""
    found = queries.invitation(session, member.organisation_id, invitation_id)
    if found is None:
        raise NotKnown
    service.revoke_link(session, found)
    return go(request, "/comptes", f"Le lien remis à {found.name} ne sert plus.")


# ------------------------------------------------------------------ one colleague


@router.get("/{membership_id}")
def account(request: Request, membership_id: UUID, session: Walled, member: Acting) -> Response:
    """One colleague: what she may do, and how to help or stop her."""
    found = _colleague(session, member.organisation_id, membership_id)
    return _account(request, session, found, _stored(found))


def _colleague(session: ActorSession, organisation_id: UUID, membership_id: UUID) -> Any:
    found = queries.colleague(session, organisation_id, membership_id)
    if found is None:
        raise NotKnown
    return found


def _stored(found: Any) -> FormState:
    return FormState.of({"roles": found.roles, "professional": "yes" if found.professional else "no"})


def _account(request: Request, session: ActorSession, found: Any, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "accounts/account.html",
        title=found.name,
        form=form,
        status=status,
        colleague=found,
        email=queries.account_email(session, found.account_id),
        role_labels=queries.labels(found.roles),
        choices=ROLE_CHOICES,
        own=found.id == session.member.membership_id,
    )


@router.post("/{membership_id}")
def account_send(request: Request, membership_id: UUID, data: Submitted, session: Walled, member: Acting) -> Response:
    """Changes what she may do; what was typed stays when somebody was faster."""
    found = _colleague(session, member.organisation_id, membership_id)
    asked, form = read(RightsForm, data, lists=["roles"])
    if asked is None:
        return _account(request, session, found, form, 422)
    try:
        service.change_roles(
            session, membership_id, roles=asked.roles, professional=asked.professional, version=asked.version
        )
    except NotNow as refused:
        session.rollback()
        session.refresh(found)
        form.refuse("roles", refused.sentence)
        return _account(request, session, found, form, refused.status)
    return go(request, "/comptes", f"Les droits de {found.name} sont enregistrés : ils valent dès sa prochaine page.")


@router.post("/{membership_id}/suspendre")
def suspend(request: Request, membership_id: UUID, session: Walled) -> Response:
    """Closes the door at once."""
    done = service.suspend(session, membership_id)
    return go(request, "/comptes", f"Le compte de {done.name} est suspendu, et ses appareils sont déconnectés.")


@router.post("/{membership_id}/retablir")
def restore(request: Request, membership_id: UUID, session: Walled) -> Response:
    """Opens the door again."""
    done = service.restore(session, membership_id)
    return go(request, "/comptes", f"Le compte de {done.name} est rétabli.")


@router.post("/{membership_id}/mot-de-passe")
def reset_password(request: Request, membership_id: UUID, session: Walled) -> Response:
    """Makes a link for a new password and shows it once."""
    return _link(request, session, lambda token: service.offer_reset(session, membership_id, token))
