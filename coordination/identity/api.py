"""The API's front door: tokens, who one is, and the organisations of the network."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from coordination.identity import queries, service
from coordination.identity.models import BrowserSession
from coordination.identity.permissions import Part, Permission, Role
from coordination.identity.rules import API_DEVICE, ATTEMPTS_WINDOW
from coordination.identity.tokens import TOKEN_LASTS, Claim, read, session_hash, sign
from coordination.kit.actor import Member, Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import Problem, TooMany
from coordination.kit.rest import BEARER, PREFIX, Body
from coordination.kit.restraint import address_of
from coordination.kit.web import Acting, Walled, needs

router = APIRouter(prefix=PREFIX, tags=["jeton"])
bearers = APIRouter(prefix=PREFIX, tags=["identité"], dependencies=[Depends(BEARER)])


class Refused(Problem):
    """Adresse, mot de passe ou structure incorrects."""

    status = 400
    title = "Identifiants refusés"
    extra = {"error": "invalid_grant"}  # noqa: RUF012 - RFC 6749, § 5.2


class Throttled(TooMany):
    """Trop d’essais. Patientez quelques minutes avant de recommencer."""

    headers = {"Retry-After": str(int(ATTEMPTS_WINDOW.total_seconds()))}  # noqa: RUF012


# ------------------------------------------------------------------ who is asking


def identify(request: Request) -> None:
    """Says on the request who acts: the member behind the bearer token, or nobody. Cookies are not looked at."""
    request.state.actor = Nobody()
    request.state.me = None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return
    request.state.bad_token = True
    key = request.app.state.key
    claim = read(key, token.strip())
    if claim is None:
        return
    signed = queries.signed_in(request.app.state.engine, session_hash(key, claim.session_id))
    if signed is None or (signed.demo and not request.app.state.settings.demo):
        return
    actor = signed.actor
    if isinstance(actor, Member) and Claim(signed.session_id, actor.membership_id) == claim:
        request.state.actor = actor
        request.state.bad_token = False


def challenge(request: Request) -> dict[str, str]:
    """The header of a 401: which way to come back."""
    bad = getattr(request.state, "bad_token", False)
    return {"WWW-Authenticate": 'Bearer realm="coordination"' + (', error="invalid_token"' if bad else "")}


# ------------------------------------------------------------------ tokens


class TokenForm(Body):
    """Le formulaire OAuth2 (« password »), avec la structure pour laquelle agir."""

    grant_type: Annotated[str, Field(pattern="^password$", description="Toujours `password`.")] = "password"
    username: Annotated[str, Field(min_length=1, max_length=200, description="Le courriel du compte.")]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    scope: Annotated[str, Field(max_length=200, description="Sans effet : les rôles décident.")] = ""
    membership: Annotated[
        UUID | None, Field(description="Pour qui agit dans plusieurs structures (voir `GET /me`) : laquelle.")
    ] = None
    client_id: Annotated[str, Field(max_length=200, description="Sans effet.")] = ""
    client_secret: Annotated[str, Field(max_length=200, description="Sans effet.")] = ""


class Token(BaseModel):
    """Un jeton à envoyer dans `Authorization: Bearer …`."""

    access_token: str
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(description="Durée, en secondes.", examples=[900])
    membership: UUID = Field(description="L’appartenance pour laquelle il agit.")


@router.post("/token", summary="Obtenir un jeton")
def token(request: Request, asked: Annotated[TokenForm, Form()]) -> Token:
    """Mêmes comptes, mêmes limites d’essais et mêmes règles que la page de connexion.

    Le jeton vaut 15 minutes et meurt avec sa session : déconnexion partout, mot de passe changé, compte suspendu.
    """
    state = request.app.state
    with ActorSession(state.engine, Nobody()) as doors:
        proof = service.prove(
            doors,
            asked.username,
            asked.password,
            address=address_of(request),
            key=state.key,
            demo_mode=state.settings.demo,
        )
        member = None
        if proof.account_id is not None:
            member = _open(doors, state.key, proof.account_id, asked.membership)
        doors.commit()
    if proof.too_many:
        raise Throttled
    if member is None or member.session_id is None:
        raise Refused
    with acting(state.engine, member) as own:
        service.note_sign_in(own)
    signed = sign(state.key, Claim(member.session_id, member.membership_id), now())
    return Token(
        access_token=signed,
        token_type="bearer",  # noqa: S106
        expires_in=int(TOKEN_LASTS.total_seconds()),
        membership=member.membership_id,
    )


def _open(doors: ActorSession, key: str, account_id: UUID, wanted: UUID | None) -> Member | None:
    """A revocable session for one of the account's memberships, or None when that one is not hers."""
    own = doors.rows("select * from access.memberships_of(:account)", account=account_id)
    chosen = next((m for m in own if wanted in (None, m.membership_id)), None)
    if chosen is None:
        return None
    session_id = uuid4()
    doors.door(
        "access.open_session(:id, :hash, :account, :membership, :expires, :device)",
        id=session_id,
        hash=session_hash(key, session_id),
        account=account_id,
        membership=chosen.membership_id,
        expires=now() + TOKEN_LASTS,
        device=API_DEVICE,
    )
    hashed = session_hash(key, session_id)
    row = doors.rows("select * from access.session_of(:hash, interval '1 hour')", hash=hashed)[0]
    return queries.member(row, session_id)


@bearers.delete("/token", status_code=204, summary="Révoquer ce jeton", dependencies=[needs(None)])
def revoke(session: Walled, member: Acting) -> Response:
    """Ferme la session de ce jeton : il ne vaut plus rien dès la réponse."""
    row = session.get_one(BrowserSession, member.session_id)
    row.revoked_at = now()
    return Response(status_code=204)


# ------------------------------------------------------------------ who one is, who the others are


class Membership(BaseModel):
    """Une appartenance à une structure."""

    id: UUID
    organisation: str = Field(description="Le nom de la structure.", examples=["CCAS de Carvin"])
    network: str = Field(description="Le nom du réseau.")
    current: bool = Field(description="Celle de ce jeton.")


class Me(BaseModel):
    """Qui agit par ce jeton, et ce que ses rôles ouvrent."""

    membership: UUID
    organisation: UUID
    name: str
    professional: bool = Field(description="Professionnel soumis au secret.")
    roles: list[Role]
    permissions: list[Permission]
    parts: list[Part] = Field(
        description="Les parties d’un dossier que ses rôles peuvent lire, si elles sont partagées."
    )
    memberships: list[Membership]


@bearers.get("/me", summary="Qui suis-je", dependencies=[needs(None)])
def me(session: Walled, member: Acting) -> Me:
    """L’appartenance de ce jeton, ses droits, et les autres appartenances de la personne."""
    own = session.rows("select * from access.memberships_of(:account)", account=member.account_id)
    return Me(
        membership=member.membership_id,
        organisation=member.organisation_id,
        name=member.name,
        professional=member.professional,
        roles=[role for role in Role if role in member.roles],
        permissions=[door for door in Permission if door in member.permissions],
        parts=[part for part in Part if part in member.parts],
        memberships=[
            Membership(
                id=m.membership_id,
                organisation=m.organisation_name,
                network=m.network_name,
                current=m.membership_id == member.membership_id,
            )
            for m in own
        ],
    )


class Partner(BaseModel):
    """Une structure du réseau."""

    id: UUID
    name: str = Field(examples=["Épicerie solidaire"])
    kind: str = Field(description="`ccas`, `secours_populaire`, `epicerie` ou `association`.", examples=["ccas"])
    commune: str
    mine: bool = Field(description="La structure de ce jeton.")


@bearers.get("/organisations", summary="Les structures du réseau", dependencies=[needs(None)])
def organisations(session: Walled, member: Acting) -> list[Partner]:
    """Toutes les structures du réseau, par ordre alphabétique : les destinataires possibles."""
    return [
        Partner(id=o.id, name=o.name, kind=o.kind, commune=o.commune, mine=o.id == member.organisation_id)
        for o in queries.organisations(session).values()
    ]


def described(document: dict[str, Any]) -> JSONResponse:
    """The OpenAPI document, public: it holds no data."""
    return JSONResponse(document, headers={"cache-control": "public, max-age=300"})
