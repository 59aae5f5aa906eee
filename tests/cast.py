"""The fixed cast of the tests: who holds the file, who was trusted, who is a stranger, who is elsewhere."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import Engine

from coordination.identity import operator as operators
from coordination.identity import service
from coordination.identity.models import Network, Organisation
from coordination.identity.permissions import Role
from coordination.identity.queries import member
from coordination.identity.rules import OrganisationKind, token_hash
from coordination.kit.actor import Member, Nobody, Service
from coordination.kit.db import ActorSession, acting

PASSWORD = "Une-phrase de passe 2026"
OPERATOR = Service("operator")


@dataclass
class Organised:
    """An organisation and its people, by role name."""

    id: UUID
    network_id: UUID
    slug: str
    people: dict[str, Member] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)


@dataclass
class Cast:
    """`ccas` holds the files, `secours` and `epicerie` may be trusted, `bonne_action` is a stranger in the network,
    `elsewhere` belongs to another network."""

    engine: Engine
    ccas: Organised
    secours: Organised
    epicerie: Organised
    bonne_action: Organised
    elsewhere: Organised

    @property
    def organisations(self) -> list[Organised]:
        return [self.ccas, self.secours, self.epicerie, self.bonne_action, self.elsewhere]


def build_cast(engine: Engine) -> Cast:
    """Two networks, five organisations, one account per role and organisation, through the real doors."""
    home, away = add_network(engine, "Réseau d’essai"), add_network(engine, "Autre réseau")
    made = Cast(
        engine=engine,
        ccas=add_organisation(engine, home, "CCAS", OrganisationKind.CCAS),
        secours=add_organisation(engine, home, "Secours populaire", OrganisationKind.SECOURS_POPULAIRE),
        epicerie=add_organisation(engine, home, "Épicerie solidaire", OrganisationKind.EPICERIE),
        bonne_action=add_organisation(engine, home, "À la Bonne Action", OrganisationKind.ASSOCIATION),
        elsewhere=add_organisation(engine, away, "CCAS d’ailleurs", OrganisationKind.CCAS),
    )
    for organised in made.organisations:
        professional = organised.slug.startswith("ccas")
        for role in Role:
            add_person(engine, organised, role.value, [role], professional=professional)
    return made


def add_network(engine: Engine, name: str, *, demo: bool = False) -> Network:
    """A network, by the operator."""
    with acting(engine, OPERATOR) as session:
        return operators.add_network(session, name, demo=demo)


def add_organisation(engine: Engine, network: Network, name: str, kind: OrganisationKind) -> Organised:
    """An organisation, by the operator."""
    with acting(engine, OPERATOR) as session:
        made: Organisation = operators.add_organisation(session, network, name, kind, commune="Carvin")
        return Organised(made.id, made.network_id, made.slug)


def add_person(
    engine: Engine, organised: Organised, key: str, roles: list[Role], *, professional: bool, email: str = ""
) -> Member:
    """A person who accepted her invitation; kept under `key` in the organisation."""
    email = email or f"{key}.{organised.id.hex[:8]}@exemple.fr"
    token = uuid4().hex
    with acting(engine, OPERATOR) as session:
        organisation = session.get(Organisation, organised.id)
        assert organisation is not None
        operators.invite_first(
            session, organisation, email=email, name=key.title(), roles=roles, professional=professional, token=token
        )
    with ActorSession(engine, Nobody()) as session:
        known = session.rows("select account_exists from access.invitation_of(:hash)", hash=token_hash(token))[0][0]
        account = service.use_link(session, token, password=None if known else PASSWORD, name=key.title())
        row = next(
            m
            for m in session.rows(
                "select *, 'x' as name, cast(:account as uuid) as account_id from access.memberships_of(:account)",
                account=account,
            )
            if m.organisation_id == organised.id
        )
        session.commit()
    organised.people[key] = member(row)
    organised.emails[key] = email
    return organised.people[key]
