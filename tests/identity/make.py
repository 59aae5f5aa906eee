"""Short ways to make links and people in tests of accounts."""

import secrets
from uuid import UUID, uuid4

from sqlalchemy import Engine

from coordination.identity import service
from coordination.identity.permissions import Role
from coordination.kit.actor import Member, Nobody
from coordination.kit.db import ActorSession, acting
from tests.cast import PASSWORD, Organised, add_person

OTHER_PASSWORD = "Un autre mot-de-passe 62"


def invited(
    engine: Engine,
    admin: Member,
    email: str,
    *,
    roles: tuple[Role, ...] = (Role.VOLUNTEER,),
    professional: bool = False,
) -> str:
    """The token of an invitation by an admin."""
    token = secrets.token_urlsafe(32)
    with acting(engine, admin) as session:
        service.invite(session, token=token, email=email, name="Camille", roles=list(roles), professional=professional)
    return token


def reset_link(engine: Engine, admin: Member, membership_id: UUID) -> str:
    """The token of a new password's link by an admin."""
    token = secrets.token_urlsafe(32)
    with acting(engine, admin) as session:
        service.offer_reset(session, membership_id, token)
    return token


def used(engine: Engine, token: str, password: str | None = PASSWORD, name: str = "Camille") -> UUID:
    """The account behind a link, once used."""
    with acting(engine, Nobody()) as session:
        return service.use_link(session, token, password=password, name=name)


def somebody(engine: Engine, organised: Organised, *roles: Role, email: str = "", professional: bool = False) -> Member:
    """A new person of an organisation; her e-mail is under her membership's id."""
    key = f"p{uuid4().hex[:8]}"
    made = add_person(engine, organised, key, list(roles or (Role.INTAKE,)), professional=professional, email=email)
    organised.emails[str(made.membership_id)] = organised.emails[key]
    return made


def tried(
    engine: Engine, email: str, password: str, *, address: str = "192.0.2.1", demo_mode: bool = False
) -> service.SignIn:
    """An attempt to sign in, committed."""
    with ActorSession(engine, Nobody()) as session:
        outcome = service.sign_in(
            session, email, password, address=address, device="essai", key="clef", demo_mode=demo_mode
        )
        session.commit()
        return outcome
