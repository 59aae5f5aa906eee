"""Random worlds: networks, organisations, people, files, shares, what hangs from a file; and their actors.

A world is drawn by a `Choose` (hypothesis, or a plain seeded generator), then written past the wall.
"""

import random
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import TSVECTOR

from coordination.identity.permissions import Part, Role, parts_of
from coordination.kit.actor import Actor, HouseholdLink, Member, Nobody, OutsideLink, Service, Station
from coordination.kit.types import Days
from coordination.tables import METADATA
from tests.policies.model import Row, World

PARTS = [part.value for part in Part]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


Choose = Callable[[Sequence[Any]], Any]  # draws one of several


def seeded(seed: int) -> Choose:
    """A generator that always draws the same world."""
    return random.Random(seed).choice


def full(table: str, **given: Any) -> Row:
    """A whole row: what is not given is empty, or the plainest value of its type."""
    row = {column.name: given.pop(column.name) if column.name in given else _plain(column) for column in columns(table)}
    assert not given, f"{table} has no {sorted(given)}"
    return row


def columns(table: str) -> Sequence[sa.Column[Any]]:
    return list(METADATA.tables[table].columns)


def keys(table: str) -> list[str]:
    return [column.name for column in METADATA.tables[table].primary_key.columns]


def key_of(table: str, row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in keys(table))


def _plain(column: sa.Column[Any]) -> Any:
    if column.name == "id":
        return uuid4()
    if column.nullable:
        return None
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    if isinstance(kind, Days):
        return "{}"
    return "" if isinstance(kind, TSVECTOR) else PLAIN[kind.python_type]()


PLAIN: dict[type, Callable[[], Any]] = {
    bool: lambda: False,
    int: lambda: 1,
    Decimal: lambda: 1,
    date: NOON.date,
    datetime: lambda: NOON,
    UUID: uuid4,
    str: lambda: f"x{uuid4().hex[:12]}",
    list: list,
    object: dict,
    dict: dict,
}


class Builder:
    """Draws a world row by row, parents first."""

    def __init__(self, choose: Choose, today: date) -> None:
        self.choose = choose
        self.world = World(today)
        self.roles: list[tuple[str, ...]] = [
            ("intake",),
            ("intake",),
            ("intake",),
            ("intake", "coordinator"),
            ("intake", "admin"),
            ("volunteer",),
            ("coordinator",),
            ("admin",),
            ("dpo",),
            ("council",),
            ("volunteer", "admin"),
            tuple(Role),
            (),
        ]

    def add(self, table: str, **given: Any) -> Row:
        row = full(table, **given)
        self.world.tables.setdefault(table, []).append(row)
        return row

    def chance(self) -> bool:
        return bool(self.choose((False, True)))

    def build(self) -> World:
        for organisations, files in ((3, 2), (1, 1)):
            network = self.add("network", demo=False)["id"]
            for _ in range(organisations):
                self.organisation(network)
            author = self.world.all("membership", network_id=network)[0]
            self.add("outside_service", network_id=network, written_by=author["id"])
            for _ in range(files):
                self.file(network)
            self.journal(network)
        self.imports()
        self.second_memberships()
        self.add("sign_in_attempt")
        self.add("network_question", membership_id=self.world.all("membership")[0]["id"])
        self.moves()
        return self.world

    def organisation(self, network: UUID) -> None:
        organisation = self.add("organisation", network_id=network)["id"]
        for _ in range(self.choose((1, 2))):
            account = self.add("account")["id"]
            self.add("credential", account_id=account)
            member = self.membership(network, organisation, account)
            self.add(
                "browser_session",
                account_id=account,
                membership_id=self.choose((member["id"], None)),
                revoked_at=self.choose((None, None, NOON)),
            )
            self.add(
                "invitation",
                network_id=network,
                organisation_id=organisation,
                purpose="reset",
                account_id=account,
                used_at=self.choose((None, None, NOON)),
                revoked_at=self.choose((None, None, NOON)),
            )

    def membership(self, network: UUID, organisation: UUID, account: UUID) -> Row:
        return self.add(
            "membership",
            network_id=network,
            organisation_id=organisation,
            account_id=account,
            roles=[str(role) for role in self.choose(self.roles)],
            professional=self.chance(),
            suspended_at=self.choose((None, None, None, NOON)),
        )

    def second_memberships(self) -> None:
        """Some people also work elsewhere, now and then in another network."""
        for member in self.world.all("membership"):
            if self.chance():
                self.add(
                    "idempotency",
                    network_id=member["network_id"],
                    membership_id=member["id"],
                    resource_id=uuid4(),
                    created_at=self.choose((NOON, NOON.replace(year=2100))),
                )
            if self.chance():
                given = {"network_id": member["network_id"], "membership_id": member["id"]}
                self.add("notice", **given, referral_id=None, step="glass", mail_state="none")
                self.add("notice_preference", **given, mail="daily")
        for account in self.world.all("account"):
            if self.choose((False, False, True)):
                organisation = self.choose(self.world.all("organisation"))
                self.membership(organisation["network_id"], organisation["id"], account["id"])

    def imports(self) -> None:
        """A list of each member (her role may have changed since), at some stage, with a row; a file some made."""
        stages = ("columns", "checking", "ready", "done", "undone")
        for number, member in enumerate(list(self.world.all("membership"))):
            home = {"network_id": member["network_id"]}
            batch = self.add(
                "import_batch",
                **home,
                organisation_id=member["organisation_id"],
                created_by=member["id"],
                stage=stages[number % len(stages)],
            )
            self.add("import_row", **home, batch_id=batch["id"], membership_id=member["id"])
            made = {row["household_id"] for row in self.world.all("imported_file")}
            files = [row for row in self.world.all("household", **home) if row["id"] not in made]
            if files and batch["stage"] == "done":
                self.add("imported_file", **home, batch_id=batch["id"], household_id=files[0]["id"])
            self.add("import_columns", **home, organisation_id=member["organisation_id"])

    # ---------------------------------------------------------------- one file

    def file(self, network: UUID) -> None:
        self.home = {"network_id": network}
        self.partners = [row["id"] for row in self.world.all("organisation", network_id=network)]
        self.people = self.world.all("membership", network_id=network)
        self.holder = self.choose(self.partners)
        opened_by = self.people[0]["id"]
        household = self.add("household", **self.home, holder_organisation_id=self.holder, opened_by=opened_by)
        self.home = {"network_id": network, "household_id": household["id"]}
        self.guards(household["code"])
        former = self.choose((None, None, self.choose(self.partners)))
        for part in PARTS:
            self.share(self.holder, part, "holder", audience="all")
            if former not in (None, self.holder):
                self.share(former, part, "holder", audience="all", revoked_at=NOON, holder_organisation_id=former)
        for _ in range(self.choose((0, 1, 3, 5))):
            self.loose_share()
        self.composition()
        self.access_request()
        self.share_review()
        for _ in range(self.choose((1, 2))):
            self.agreement()
            self.assessment()
            self.need(household["code"])
            self.casework()
        self.referent()

    def guards(self, code: str) -> None:
        """Who may not come near the file, whoever else may; drawn before what must say that it is guarded."""
        protection = self.choose(("never", "never", "never", "now", "lifted"))
        if protection != "never":
            lifted = {"lifted_at": NOON} if protection == "lifted" else {}
            self.add("protection", **self.home, set_by=self.people[0]["id"], **lifted)
        for _ in range(self.choose((0, 2, 4))):
            worker = self.choose(self.people)
            self.add(
                "file_opening",
                **self.home,
                household_code=code,
                organisation_id=worker["organisation_id"],
                membership_id=worker["id"],
                **self.choose(
                    ({"ground": "named"}, {"ground": "named"}, {"ground": "break_glass", "reason": "urgence"})
                ),
                until=self.choose((None, None, NOON.replace(year=2020), NOON.replace(year=2100))),
                ended_at=self.choose((None, None, None, NOON)),
            )
        kept_from = [row for row in self.people if self.choose((False,) * 7 + (True,))]
        for worker in kept_from:
            self.add(
                "bar",
                **self.home,
                organisation_id=worker["organisation_id"],
                membership_id=worker["id"],
                lifted_at=self.choose((None, None, NOON)),
            )
        bars = self.world.all("bar", household_id=self.home["household_id"], lifted_at=None)
        self.guarded = protection == "now" or bool(bars)
        self.protected = protection == "now"
        self.add("protected_address", **self.home)
        self.add("safe_contact", **self.home)

    def share(self, organisation: UUID, part: str, ground: str, **given: Any) -> None:
        given = {"valid_from": self.world.today, "holder_organisation_id": self.holder, "audience": "all", **given}
        given["guarded"] = self.guarded
        self.add("share", **self.home, organisation_id=organisation, scope=part, ground=ground, **given)

    def loose_share(self, **given: Any) -> None:
        """A share on an agreement, in every state: to come, live, on its last day, ended, revoked."""
        day = timedelta(days=1)
        today = self.world.today
        self.share(
            given.pop("organisation", None) or self.choose(self.partners),
            given.pop("part", None) or self.choose(("identity", "budget", "needs", "needs", "sensitive", "notes")),
            "agreement",
            audience=self.choose(("all", "professionals")),
            valid_from=self.choose((today - 9 * day, today, today, today + day)),
            valid_until=self.choose((None, today - day, today, today, today + day)),
            revoked_at=self.choose((None, None, None, NOON)),
            **given,
        )

    def composition(self) -> None:
        self.add("household_profile", **self.home, **({"address": ""} if self.protected else {}))
        self.add("past_address", **self.home)
        self.persons = [self.add("person", **self.home)["id"] for _ in range(2)]
        self.add("stay", **self.home, person_id=self.persons[0], link=self.choose(("reference", "partner")))
        strangers = [
            row
            for row in self.world.all("person", network_id=self.home["network_id"])
            if row["household_id"] != self.home["household_id"]
        ]
        for row in strangers[:1]:
            here = {**self.home, "organisation_id": self.holder, "merged_by": self.people[0]["id"]}
            merge = self.add("merge", **here, absorbed_id=row["household_id"])
            self.add("merge_move", **self.home, merge_id=merge["id"])
            other = {"other_household_id": row["household_id"], "other_person_id": row["id"]}
            self.add("person_link", **self.home, person_id=self.persons[1], **other)
        self.add("person_activity", **self.home, person_id=self.persons[0], sensitive=self.chance())

    def agreement(self) -> None:
        granted = self.chance()
        agreement = self.add(
            "agreement",
            **self.home,
            organisation_id=self.choose((self.holder, self.choose(self.partners))),
            recorded_by=self.choose(self.people)["id"],
            withdrawn_at=self.choose((None, None, NOON)),
        )["id"]
        answer = self.choose(("agrees", "absent"))
        self.add("agreement_person", **self.home, agreement_id=agreement, person_id=self.persons[0], answer=answer)
        for partner in dict.fromkeys((self.choose(self.partners), self.choose(self.partners))):
            part = self.choose(("identity", "identity", *PARTS))
            self.add("agreement_part", **self.home, agreement_id=agreement, organisation_id=partner, part=part)
            if granted:
                self.loose_share(organisation=partner, part=part, agreement_id=agreement)

    def share_review(self) -> None:
        by = self.choose(self.people)
        given = {"organisation_id": by["organisation_id"], "confirmed_by": by["id"]}
        self.add("share_review", **self.home, **given)

    def access_request(self) -> None:
        """One about the file, one about no file."""
        for about in (True, False):
            asker = self.choose(self.people)
            given = {"network_id": asker["network_id"], "organisation_id": asker["organisation_id"]}
            request = self.add("access_request", **given, asked_by=asker["id"], state="asked")
            if about:
                self.add("access_request_file", **self.home, id=request["id"])

    def assessment(self) -> None:
        assessment = self.add(
            "assessment",
            **self.home,
            organisation_id=self.choose((self.holder, self.choose(self.partners))),
            status=self.choose(("draft", "draft", "validated", "superseded")),
            created_by=self.choose(self.people)["id"],
        )["id"]
        line = self.add("budget_line", **self.home, assessment_id=assessment)["id"]
        if self.chance():
            self.add("budget_line_detail", **self.home, line_id=line)
        asker = self.choose(self.people)
        given = {"organisation_id": asker["organisation_id"], "asked_by": asker["id"], "sensitive": self.chance()}
        self.add("rights_estimate", **self.home, assessment_id=assessment, **given)
        result = self.choose(({}, {"zone": "eligible"}))
        answer = self.add("assessment_result", **self.home, assessment_id=assessment, result=result)
        if self.chance():
            self.decision(answer)

    def decision(self, answer: Row) -> None:
        """What somebody retained of a frozen answer, and perhaps what she retained afterwards."""
        by = self.choose(self.people)
        same = {name: answer[name] for name in ("assessment_id", "bareme_code", "bareme_version")}
        there = {**self.home, **same, "organisation_id": by["organisation_id"], "decided_by": by["id"]}
        first = self.add("budget_decision", **there)
        if self.chance():
            self.add("budget_decision", **there, replaces=first["id"])

    def need(self, code: str) -> None:
        need = self.add(
            "need",
            **self.home,
            organisation_id=self.choose(self.partners),
            sensitive=self.chance(),
            opened_by=self.choose(self.people)["id"],
            domain=self.choose(("sante", "logement")),
        )["id"]
        sender, receiver = self.choose(self.partners), self.choose(self.partners)
        by_hand = self.choose((False, False, True))
        referral = self.add(
            "referral",
            **self.home,
            need_id=need,
            household_code=code,
            from_organisation_id=sender,
            to_organisation_id=receiver,
            by_hand=by_hand,
            guarded=self.guarded,
            sent_by=self.choose(self.people)["id"],
            state=self.choose(("by_hand", "closed") if by_hand else ("sent", "accepted", "refused")),
            version=2,
        )
        author = self.choose(self.people)
        here = {"referral_id": referral["id"], "organisation_id": author["organisation_id"]}
        self.add("referral_text", **self.home, **here, sensitive=self.chance(), written_by=author["id"])
        given = {"network_id": self.home["network_id"], "membership_id": author["id"], **here}
        self.add("referral_event", **given, version=1, state="sent", verb="send")
        self.add("referral_event", **given, version=2, state=referral["state"])

    def moves(self) -> None:
        """What happened to the referrals since. Drawn last: the rest of a seeded world stays as it was."""
        for referral in self.world.all("referral"):
            referral["expires_at"] = self.choose((NOON.replace(year=2020), NOON.replace(year=2100)))
            last = self.world.one("referral_event", referral_id=referral["id"], version=2)
            last["verb"] = self.choose(("accept", "accept", "undo"))
            if not referral["by_hand"]:
                state = self.choose((referral["state"], referral["state"], "on_hold", "closed", "disputed"))
                referral["state"] = last["state"] = state
        self.to_services()
        for referral in self.world.all("referral"):
            here = {name: referral[name] for name in ("network_id", "household_id")} | {"referral_id": referral["id"]}
            who = self.choose(self.world.all("membership", network_id=referral["network_id"]))
            follows = {"organisation_id": who["organisation_id"], "membership_id": who["id"], "assigned_by": who["id"]}
            self.add("referral_assignment", **here, **follows)
            given = {"organisation_id": who["organisation_id"], "made_by": who["id"], "secret_hash": f"{uuid4()}"}
            self.add("confirmation_link", **here, **given, ended_at=None, ended_by=None)
        for member in self.world.all("membership"):
            if self.chance():
                self.add("saved_filter", network_id=member["network_id"], membership_id=member["id"])
        for organisation in self.world.all("organisation"):
            if self.chance():
                given = {"network_id": organisation["network_id"], "organisation_id": organisation["id"]}
                self.add("reception", **given)
        for told in self.world.all("referral_text"):
            told["confidential"] = self.choose((False, False, True))
        self.appointments()

    def appointments(self) -> None:
        """Public places, a date on each referral, whatever became of either, and somebody's calendar."""
        for organisation in self.world.all("organisation"):
            author = self.world.all("membership", organisation_id=organisation["id"])[0]
            given = {"network_id": organisation["network_id"], "organisation_id": organisation["id"]}
            self.add("reception_place", **given, updated_by=author["id"])
        for referral in self.world.all("referral"):
            sides = ("network_id", "household_id", "from_organisation_id")
            here = {name: referral[name] for name in sides} | {"referral_id": referral["id"]}
            host = here["to_organisation_id"] = referral["to_organisation_id"] or referral["from_organisation_id"]
            (there,) = self.world.all("reception_place", organisation_id=host)
            received = self.world.all("membership", organisation_id=host)
            made = self.add(
                "appointment",
                **here,
                state=self.choose(("proposed", "confirmed", "kept", "cancelled")),
                starts_at=self.choose((NOON.replace(year=2020), NOON.replace(year=2100))),
                held_by=self.choose((None, received[0]["id"])) if referral["to_organisation_id"] else None,
                place_id=there["id"],
                proposed_by=self.choose((referral["from_organisation_id"], host)),
            )
            told = {name: made[name] for name in ("network_id", "state", "starts_at")}
            by = {"organisation_id": there["organisation_id"], "membership_id": received[0]["id"]}
            self.add("appointment_event", **told, **by, appointment_id=made["id"], version=1)
        for member in self.world.all("membership"):
            if self.chance():
                given = {"network_id": member["network_id"], "membership_id": member["id"]}
                self.add("calendar_feed", **given, revoked_at=self.choose((None, NOON)))

    def to_services(self) -> None:
        """Agreements that name an outside service, in every state; referrals that go to one instead, with a link."""
        day, today = timedelta(days=1), self.world.today
        for agreement in self.world.all("agreement"):
            agreement["valid_from"] = self.choose((today - day, today, today, today + day))
            agreement["valid_until"] = self.choose((today - day, today, today + day))
            if self.chance():
                self.add(
                    "agreement_service",
                    **{name: agreement[name] for name in ("network_id", "household_id")},
                    agreement_id=agreement["id"],
                    service_id=self.world.one("outside_service", network_id=agreement["network_id"])["id"],
                    sensitive=self.chance(),
                    granted_at=self.choose((None, NOON, NOON)),
                    revoked_at=self.choose((None, None, NOON)),
                )
        for service in self.world.all("outside_service"):
            service["active"] = self.choose((True, True, True, False))
        for referral in self.world.all("referral"):
            if not self.chance():
                continue
            service = self.world.one("outside_service", network_id=referral["network_id"])
            referral |= {"to_organisation_id": None, "to_service_id": service["id"]}
            if not referral["by_hand"]:
                here = {name: referral[name] for name in ("network_id", "household_id")}
                alone = {"agreed_on": self.choose((None, None, NOON.date()))}
                self.add("referral_link", **here, referral_id=referral["id"], **alone)

    def casework(self) -> None:
        """A note and its correction, a contact, a task, by somebody of the network."""
        author = self.choose(self.people)
        there = {**self.home, "organisation_id": author["organisation_id"]}
        first = self.add("note", **there, written_by=author["id"])
        if self.chance():
            self.add("note", **there, written_by=author["id"], replaces=first["id"])
        taken_back = self.choose(({}, {}, {"cancelled_at": NOON, "cancelled_by": author["id"]}))
        written = self.choose((NOON, NOON.replace(year=2100)))
        self.add("contact", **there, written_by=author["id"], written_at=written, **taken_back)
        for table in ("debt", "goal", "document_seen"):
            self.add(table, **there, noted_by=author["id"])
        done = self.choose(({}, {}, {"done_at": NOON, "done_by": author["id"]}))
        self.add("task", **there, created_by=author["id"], assigned_to=author["id"], **done)

    def referent(self) -> None:
        """Who follows the file, for its holder and perhaps for a partner."""
        for organisation in dict.fromkeys((self.holder, self.choose(self.partners))):
            member = next(row["id"] for row in self.people if row["organisation_id"] == organisation)
            self.add("referent", **self.home, organisation_id=organisation, membership_id=member)

    def journal(self, network: UUID) -> None:
        file = self.world.all("household", network_id=network)[0]["id"]
        for number, about in enumerate((None, file), start=1):
            self.add("journal", network_id=network, number=number, household_id=about)
        self.world.tables.setdefault("journal_head", []).append(full("journal_head", network_id=network))


def build(choose: Choose, today: date) -> World:
    """A world drawn by `choose`."""
    return Builder(choose, today).build()


def write(admin: psycopg.Connection[Any], world: World, but: Collection[str] = ()) -> None:
    """Writes a world past the wall. The journal's head is written by its own trigger."""
    tables = [table.name for table in METADATA.sorted_tables if table.name != "journal_head"]
    with admin.transaction():
        admin.execute(sql.SQL(";").join(insertion(table, row, but) for table in tables for row in world.all(table)))


def insertion(table: str, row: Row, but: Collection[str] = ()) -> sql.Composed:
    """The INSERT of a whole row, `but` the columns (`table.column`) a former release does not have."""
    names = [column.name for column in columns(table) if f"{table}.{column.name}" not in but]
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(literal(row[name]) for name in names),
    )


def literal(value: Any) -> sql.Literal:
    return sql.Literal(Jsonb(value) if isinstance(value, dict) else value)


# ------------------------------------------------------------------ who acts in it


def member(row: Row) -> Member:
    """The actor a membership makes, with the parts its roles open."""
    return Member(
        membership_id=row["id"],
        account_id=row["account_id"],
        network_id=row["network_id"],
        organisation_id=row["organisation_id"],
        roles=frozenset(row["roles"]),
        parts=parts_of(row["roles"]),
        professional=row["professional"],
    )


def members(world: World) -> list[Actor]:
    """Everybody who works in this world, the other network included."""
    return [member(row) for row in world.all("membership")]


def others(world: World) -> list[Actor]:
    """Every actor who is no member: the rest of the closed list."""
    network, elsewhere = (row["id"] for row in world.all("network"))
    referral = world.all("referral", network_id=network)[0]
    return [
        Nobody(),
        Station(uuid4(), network, referral["from_organisation_id"]),
        OutsideLink(referral["id"], network),
        HouseholdLink(referral["id"], network),
        Service("operator"),
        Service("operator", network),
        Service("journal", network),
        Service("journal", elsewhere),
        Service("journal"),
        Service("worker", network),
        Service("anything", network),
        Service("anything"),
    ]
