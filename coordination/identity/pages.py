"""Signing in, one's own account, one-use links, and the screen of rights."""

import re
from typing import Any, TypedDict
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from coordination.identity import queries, service
from coordination.identity.forms import (
    ChangePasswordForm,
    JoinForm,
    NewPasswordForm,
    SignInForm,
    SwitchForm,
    WelcomeForm,
)
from coordination.identity.permissions import ROLES, Part, Permission, Role
from coordination.identity.rules import (
    IDLE_SIGN_OUT,
    PASSWORD_HINT,
    InvitationPurpose,
    SpentLink,
    device_label,
    token_hash,
)
from coordination.kit.actor import Member, Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotNow, TooMany
from coordination.kit.forms import FormState, read
from coordination.kit.restraint import address_of
from coordination.kit.web import Acting, Submitted, Walled, go, needs, page

router = APIRouter()


class Circumstances(TypedDict):
    """From where, under which key and in which mode a password is tried."""

    address: str
    key: str
    demo_mode: bool


REFUSED = "Courriel ou mot de passe incorrect. Vérifiez les deux, puis réessayez."
INSIDE = re.compile(r"/(?!/)[^\\\x00-\x1f]{0,499}")
SUSPENDED = "Ce compte n’a plus d’accès actif. Parlez-en à l’administrateur de votre structure."


# ------------------------------------------------------------------ who is asking


def cookie_name(request: Request) -> str:
    """The session's cookie; over https its name binds it to this very host."""
    return "__Host-session" if request.app.state.settings.secure_cookies else "session"


def identify(request: Request) -> None:
    """Says on the request who acts: the member behind the cookie, or nobody."""
    request.state.actor = Nobody()
    request.state.me = None
    token = request.cookies.get(cookie_name(request))
    if not token or len(token) > 100:
        return
    signed = queries.signed_in(request.app.state.engine, token_hash(token))
    if signed is None or (signed.demo and not request.app.state.settings.demo):
        return
    request.state.actor = signed.actor
    request.state.token = token
    if isinstance(signed.actor, Member):
        request.state.me = signed.me


def to_sign_in(request: Request, suite: str) -> Response:
    """Sends a visitor to the sign-in page, which brings her back, and says why to one who was signed in."""
    over = "Votre session a pris fin. Reconnectez-vous : vous retrouverez la page demandée."
    path = "/connexion" + (f"?suite={quote(suite)}" if suite not in ("", "/") else "")
    return go(request, path, over if request.cookies.get(cookie_name(request)) else "", "info")


def _inside(suite: str) -> str:
    """Only a path of ours may follow a sign-in."""
    return suite if INSIDE.fullmatch(suite) else "/"


# ------------------------------------------------------------------ sign-in and sign-out


@router.get("/connexion")
def sign_in(request: Request, suite: str = "/") -> Response:
    """The sign-in page."""
    return _sign_in(request, FormState.of({"suite": _inside(suite)}))


def _sign_in(request: Request, form: FormState, status: int = 200) -> Response:
    state = request.app.state
    return page(
        request,
        "identity/sign_in.html",
        title="Connexion",
        form=form,
        status=status,
        demo_accounts=getattr(state, "demo_accounts", ()) if state.settings.demo else (),
        demo_password=getattr(state, "demo_password", ""),
    )


@router.post("/connexion")
def sign_in_send(request: Request, data: Submitted) -> Response:
    """Tries to sign in: a new token each time, and the same words for every refusal."""
    asked, form = read(SignInForm, data)
    if asked is None:
        return _sign_in(request, form, 422)
    with ActorSession(request.app.state.engine, Nobody()) as doors:
        outcome = service.sign_in(
            doors, asked.email, asked.password, device=request.headers.get("user-agent", ""), **_circumstances(request)
        )
        old = request.cookies.get(cookie_name(request))
        if old and outcome.token:
            doors.door("access.close_session(:hash)", hash=token_hash(old))
        doors.commit()
    if outcome.too_many:
        raise TooMany
    if outcome.token is None or outcome.member is None:
        form.refuse("email", SUSPENDED if outcome.suspended else REFUSED)
        return _sign_in(request, form, 422)
    with acting(request.app.state.engine, outcome.member) as own:
        service.note_sign_in(own)
    response = RedirectResponse(_inside(asked.suite), 303)
    _keep(request, response, outcome.token)
    return response


def _circumstances(request: Request) -> Circumstances:
    """What throttling and the demonstration's rule need to know of a request."""
    return {
        "address": address_of(request),
        "key": request.app.state.key,
        "demo_mode": request.app.state.settings.demo,
    }


def _keep(request: Request, response: Response, token: str) -> None:
    secure = request.app.state.settings.secure_cookies
    response.set_cookie(cookie_name(request), token, httponly=True, samesite="lax", secure=secure, path="/")


@router.post("/deconnexion")
def sign_out(request: Request) -> Response:
    """Closes this browser's session."""
    token = request.cookies.get(cookie_name(request))
    if token:
        with ActorSession(request.app.state.engine, Nobody()) as doors:
            doors.door("access.close_session(:hash)", hash=token_hash(token))
            doors.commit()
    return _forget(request, "Vous êtes déconnecté·e.")


def _forget(request: Request, words: str) -> Response:
    response = go(request, "/connexion", words, "info")
    secure = request.app.state.settings.secure_cookies
    response.delete_cookie(cookie_name(request), httponly=True, samesite="lax", secure=secure, path="/")
    response.headers["clear-site-data"] = '"cache"'
    return response


@router.post("/session/structure", dependencies=[needs(None)])
def switch(request: Request, data: Submitted, session: Walled) -> Response:
    """Acts for another of one's own memberships."""
    asked, _ = read(SwitchForm, data)
    if asked is None:
        return go(request, "/", "Structure inconnue : rien n’a changé.", "error")
    service.switch_membership(session, asked.membership)
    return go(request, "/", "Vous agissez maintenant pour une autre structure : elle est affichée en haut de page.")


# ------------------------------------------------------------------ one's own account


@router.get("/moi", dependencies=[needs(None)])
def me(request: Request, session: Walled, member: Acting) -> Response:
    """One's own account: where one is signed in, and the password."""
    return _me(request, session, member, FormState())


def _me(request: Request, session: ActorSession, member: Member, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "identity/me.html",
        title="Mon compte",
        form=form,
        status=status,
        hint=PASSWORD_HINT,
        email=queries.account_email(session, member.account_id),
        sessions=queries.own_sessions(session, member.account_id, now()),
        device=device_label,
        current=member.session_id,
        idle_hours=int(IDLE_SIGN_OUT.total_seconds() // 3600),
    )


@router.post("/moi/mot-de-passe", dependencies=[needs(None)])
def change_password(request: Request, data: Submitted, session: Walled, member: Acting) -> Response:
    """Changes one's own password; the other browsers are signed out."""
    asked, form = read(ChangePasswordForm, data)
    if asked is None:
        return _me(request, session, member, form, 422)
    try:
        service.change_password(session, asked.current, asked.password)
    except NotNow as refused:
        session.rollback()
        form.refuse("current", refused.sentence)
        return _me(request, session, member, form, 422)
    ended = (
        "Vos autres appareils sont déconnectés, et l’adresse de votre calendrier, si vous en aviez une, est à refaire."
    )
    return go(request, "/moi", f"Mot de passe changé. {ended}")


@router.post("/moi/deconnexion-partout", dependencies=[needs(None)])
def sign_out_everywhere(request: Request, session: Walled) -> Response:
    """Closes every session of this account, this one included."""
    service.close_all_sessions(session)
    return _forget(request, "Vous êtes déconnecté·e de tous vos appareils.")


# ------------------------------------------------------------------ one-use links


def _link(session: ActorSession, token: str) -> Any:
    found = session.rows("select * from access.invitation_of(:hash)", hash=token_hash(token))
    if not found:
        raise SpentLink
    return found[0]


@router.get("/invitation/{token}")
def invitation(request: Request, token: str, session: Walled) -> Response:
    """The page behind a one-use link; looking at it changes nothing."""
    link = _link(session, token)
    return _invitation(request, link, FormState.of({"name": link.name}))


def _invitation(request: Request, link: Any, form: FormState, status: int = 200) -> Response:
    reset = link.purpose == InvitationPurpose.RESET
    return page(
        request,
        "identity/invitation.html",
        title="Nouveau mot de passe" if reset else "Bienvenue",
        form=form,
        status=status,
        link=link,
        reset=reset,
        known=link.account_exists,
        role_labels=queries.labels(link.roles),
        hint=PASSWORD_HINT,
    )


@router.post("/invitation/{token}")
def invitation_send(request: Request, token: str, data: Submitted, session: Walled) -> Response:
    """Uses the link: it works once."""
    link = _link(session, token)
    model: type[NewPasswordForm | JoinForm] = WelcomeForm
    if link.purpose == InvitationPurpose.RESET:
        model = NewPasswordForm
    elif link.account_exists:
        model = JoinForm
    asked, form = read(model, data)
    if asked is None:
        return _invitation(request, link, form, 422)
    if isinstance(asked, JoinForm) and not _hers(request, link, asked.password):
        form.refuse("password", "Ce n’est pas le mot de passe de votre compte. Le lien n’a pas servi : réessayez.")
        return _invitation(request, link, form, 422)
    name = getattr(asked, "name", link.name)
    password = None if isinstance(asked, JoinForm) else asked.password
    service.use_link(session, token, password=password, name=name)
    return go(request, "/connexion", "C’est fait : vous pouvez vous connecter.")


def _hers(request: Request, link: Any, password: str) -> bool:
    """Whether whoever joins with an existing account knows its password: the link alone does not prove it is hers."""
    with ActorSession(request.app.state.engine, Nobody()) as doors:
        proof = service.prove(doors, link.email, password, **_circumstances(request))
        doors.commit()
    if proof.too_many:
        raise TooMany
    return proof.account_id is not None


# ------------------------------------------------------------------ the screen of rights


@router.get("/droits", dependencies=[needs(None)])
def rights(request: Request) -> Response:
    """What each role opens, generated from the one table that decides it."""
    return page(
        request,
        "identity/rights.html",
        title="Qui peut faire quoi",
        roles=ROLES,
        permissions=list(Permission),
        parts=list(Part),
        role_list=list(Role),
    )
