"""Who acts in the demonstration, and when: the partners and their people, made through the operator's real doors."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection, event

from coordination.demo.accounts import ACCOUNTS, ORGANISATIONS, PASSWORD, DemoAccount
from coordination.identity import operator as operators
from coordination.identity import queries, service
from coordination.identity.permissions import Role
from coordination.identity.queries import member
from coordination.identity.rules import slug
from coordination.kit.actor import Actor, Member, Nobody, Service
from coordination.kit.clock import PARIS, frozen, today
from coordination.kit.db import ActorSession

OPERATOR = Service("operator")
CONTACT = "Réseau fictif, à fins de démonstration"
MEMBERSHIPS = """
    select m.*, cast(:name as text) as name, cast(:account as uuid) as account_id
      from access.memberships_of(:account) m"""


@contextmanager
def deed(connection: Connection, actor: Actor) -> Iterator[ActorSession]:
    """A deed in somebody's name, inside the one transaction of the loading: what `commit` writes stays part of it."""
    with ActorSession(connection, actor) as session:
        yield session
        session.commit()


@dataclass
class Partner:
    """An organisation and its people, by role."""

    id: UUID
    people: dict[Role, Member] = field(default_factory=dict)

    def who(self, *roles: Role) -> Member:
        """Whoever holds the first of these roles that somebody holds here."""
        return next(self.people[role] for role in roles if role in self.people)


def working_day(today: date, days: int) -> date:
    """The working day so many days ago, or the one before."""
    found = today - timedelta(days=days)
    return found - timedelta(days=max(0, found.weekday() - 4))


class Troupe:
    """The partners of the networks, and the working days on which they act."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.today = today()
        self.partners: dict[str, Partner] = {}
        self.services: dict[str, UUID] = {}
        self._acting: ActorSession | None = None
        self._held: list[object] = []

    def gather(self, network: str) -> None:
        """Makes a network, its organisations and their accounts; everything marked as demonstration."""
        with deed(self.connection, OPERATOR) as session:
            made = operators.add_network(session, network, demo=True, contact=CONTACT)
            self.network_id = made.id
            for one in ORGANISATIONS:
                if one.network == network:
                    there = operators.add_organisation(
                        session, made, one.name, one.kind, commune=one.commune, phone=one.phone, short=one.slug
                    )
                    self.partners[one.key] = Partner(there.id)
        for account in ACCOUNTS:
            if self._network_of(account.organisation) == network:
                self._join(network, account, account.organisation, account.roles, professional=account.professional)
                for key, roles, professional in account.also:
                    self._join(network, account, key, roles, professional=professional, known=True)

    def _network_of(self, key: str) -> str:
        return next(one.network for one in ORGANISATIONS if one.key == key)

    def _join(
        self,
        network: str,
        account: DemoAccount,
        key: str,
        roles: tuple[Role, ...],
        *,
        professional: bool,
        known: bool = False,
    ) -> None:
        """Invites a person and uses the link for her; `known`: she already has her account and password."""
        token, partner = secrets.token_urlsafe(32), self.partners[key]
        with deed(self.connection, OPERATOR) as session:
            found = queries.find_network(session, slug(network))
            short = next(one.slug for one in ORGANISATIONS if one.key == key)
            there = queries.find_organisation(session, found, short) if found else None
            assert there is not None
            operators.invite_first(
                session,
                there,
                token=token,
                demo=True,
                email=account.email,
                name=account.name,
                roles=list(roles),
                professional=professional,
            )
        with deed(self.connection, Nobody()) as session:
            account_id = service.use_link(session, token, password=None if known else PASSWORD, name=account.name)
            rows = session.rows(MEMBERSHIPS, account=account_id, name=account.name)
        joined = next(member(row) for row in rows if row.organisation_id == partner.id)
        for role in roles:
            partner.people.setdefault(role, joined)

    def place(self, key: str) -> UUID:
        """Whom a referral goes to: a partner or an outside service."""
        return self.services[key] if key in self.services else self.partners[key].id

    def day(self, days: int) -> date:
        return working_day(self.today, days)

    @contextmanager
    def act(self, actor: Member, days: int, hour: int, minute: int = 0) -> Iterator[ActorSession]:
        """A deed of somebody, `days` ago at that time. Who acts again, before anybody else, keeps her session."""
        if self._acting is None or self._acting.actor != actor:
            self.rest()
            self._acting = ActorSession(self.connection, actor)
            event.listen(self._acting, "loaded_as_persistent", self._hold)
            event.listen(self._acting, "pending_to_persistent", self._hold)
        with frozen(datetime.combine(self.day(days), time(hour, minute), PARIS)):
            yield self._acting
            self._acting.flush()

    def rest(self) -> None:
        """Ends the session of whoever acted last: the next one tells PostgreSQL anew who acts."""
        if self._acting is not None:
            self._acting.commit()
            self._acting.close()
            self._acting = None
            self._held.clear()

    def _hold(self, _: ActorSession, row: object) -> None:
        """A session forgets the rows nobody holds and asks for them again: here they stay at hand until she rests."""
        self._held.append(row)
