"""Asking PostgreSQL what an actor sees and may write, and holding the answers against the model."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from coordination.kit.actor import Actor, Member, settings_of
from coordination.tables import METADATA
from tests.conftest import Base
from tests.policies import model, model_writes
from tests.policies.model import Row, World
from tests.policies.worlds import NOON, full, insertion, key_of, keys, literal

REFUSED = "42501"
TAKEN = ("23505", "23P01")  # the wall let the row in; its key, or its days, were taken
# One round trip for many attempts, each undone: the rows it touched, or the error's code.
ATTEMPT = """
create schema if not exists trial;
create or replace function trial.attempt(statements text[]) returns text[] language plpgsql as $$
declare one text; said text[] := '{}'; touched bigint;
begin
    foreach one in array statements loop
        begin
            execute one;
            get diagnostics touched = row_count;
            raise exception 'undone' using errcode = 'UNDO1';
        exception
            when sqlstate 'UNDO1' then said := said || touched::text;
            when others then said := said || sqlstate;
        end;
    end loop;
    return said;
end $$;
grant usage on schema trial to coordination_app;
grant execute on function trial.attempt to coordination_app;
"""


def _look() -> str:
    """And one for what is read: the keys of every table, none where reading is not granted. PostgreSQL keeps its plans
    from one look to the next, however many actors and worlds there are."""
    one = (
        "begin return query select '{0}'::text, array[{1}]::text[] from {0}; exception when sqlstate '42501' then end;"
    )
    looks = [one.format(table, ", ".join(f"{name}::text" for name in keys(table))) for table in METADATA.tables]
    return f"""
        create or replace function trial.seen() returns table (name text, key text[]) language plpgsql as
        $$ #variable_conflict use_column
        begin {" ".join(looks)} end $$;
        grant execute on function trial.seen to coordination_app;
    """


def prepare(base: Base) -> None:
    """The two functions, in a database of worlds."""
    base.admin(ATTEMPT + _look())


@dataclass(frozen=True)
class Trial:
    """One statement, in words, and how many rows the model lets it touch (0: refused or nothing)."""

    words: str
    statement: sql.Composed
    expected: int


def act_as(connection: psycopg.Connection[Any], actor: Actor) -> None:
    """Tells PostgreSQL who acts, until the end of the transaction."""
    given = settings_of(actor)
    query = "select set_config('app.' || name, value, true) from unnest(%s::text[], %s::text[]) x(name, value)"
    connection.execute(query, [list(given), list(given.values())])


def differences(
    connection: psycopg.Connection[Any], world: World, actor: Actor, written: Collection[str] = tuple(METADATA.tables)
) -> list[str]:
    """Where PostgreSQL and the model disagree about one actor: on what is seen of every table, and on what is
    accepted of the `written` ones; every attempt is undone."""
    with connection.transaction(force_rollback=True):
        act_as(connection, actor)
        found = list(_seen(connection, world, actor))
        trials = [trial for table in written for trial in trials_of(world, actor, table)]
        said = _attempt(connection, [trial.statement for trial in trials])
    for trial, answer in zip(trials, said, strict=True):
        touched = 0 if answer == REFUSED else 1 if answer in TAKEN else int(answer) if len(answer) < 5 else answer
        if touched != trial.expected:
            found.append(f"{trial.words}: the model lets {trial.expected} through, PostgreSQL {answer}")
    return [f"{actor}: {line}" for line in found]


def _seen(connection: psycopg.Connection[Any], world: World, actor: Actor) -> Iterator[str]:
    shown: dict[str, set[tuple[str, ...]]] = {table: set() for table in METADATA.tables}
    for table, key in connection.execute("select name, key from trial.seen()"):
        shown[table].add(tuple(key))
    for table in METADATA.tables:
        yield from _compared(world, actor, table, shown[table])


def _compared(world: World, actor: Actor, table: str, shown: set[tuple[str, ...]]) -> Iterator[str]:
    expected = {key_of(table, row) for row in world.all(table) if model.SEES[table](world, actor, row)}
    if model.is_operator(actor):  # sees the networks of the other examples too
        shown &= {key_of(table, row) for row in world.all(table)}
    if shown - expected:
        yield f"{table}: shown though hidden by the model: {sorted(shown - expected)}"
    if expected - shown:
        yield f"{table}: hidden though shown by the model: {sorted(expected - shown)}"


def _attempt(connection: psycopg.Connection[Any], statements: list[sql.Composed]) -> list[str]:
    texts = [statement.as_string(connection) for statement in statements]
    (said,) = connection.execute("select trial.attempt(%s)", [texts]).fetchone() or ([],)
    return list(said)


# ------------------------------------------------------------------ what is tried


def trials_of(world: World, actor: Actor, table: str) -> Iterator[Trial]:
    """Every attempt on one table: rows to add, changes one by one and blind, removals one by one and blind."""
    yield from _additions(world, actor, table)
    yield from _changes(world, actor, table)
    yield from _removals(world, actor, table)


def _additions(world: World, actor: Actor, table: str) -> Iterator[Trial]:
    rule = model_writes.ADDS.get(table, model.never)
    for words, row in candidates(world, actor, table):
        allowed = rule(world, actor, row)
        yield Trial(f"insert into {table} ({words})", insertion(table, row), int(allowed))


def _changes(world: World, actor: Actor, table: str) -> Iterator[Trial]:
    name = sql.Identifier(table)
    if table not in model_writes.CHANGES:
        key = sql.Identifier(keys(table)[0])
        yield Trial(f"update {table}", sql.SQL("update {} set {} = default").format(name, key), 0)
        return
    rule = model_writes.CHANGES[table][1]
    for row in world.all(table):
        for change in changes(world, actor, table):
            allowed = rule(world, actor, row, {**row, **change})
            statement = sql.SQL("update {} set {} where {}").format(name, _assigned(change), _is(table, row))
            yield Trial(f"update {table} set {change} of {key_of(table, row)}", statement, int(allowed))
    # A blind write names no column to read: PostgreSQL then asks the UPDATE policy alone, not the SELECT policy.
    blind = BLIND.get(table)
    if blind is not None:
        allowed_rows = sum(rule(world, actor, row, {**row, **blind}) for row in world.all(table))
        yield Trial(
            f"blind update of {table}", sql.SQL("update {} set {}").format(name, _assigned(blind)), allowed_rows
        )


def _removals(world: World, actor: Actor, table: str) -> Iterator[Trial]:
    rule = model_writes.REMOVES.get(table, model.never)
    name = sql.Identifier(table)
    yield Trial(
        f"blind delete from {table}",
        sql.SQL("delete from {}").format(name),
        sum(rule(world, actor, row) for row in world.all(table)),
    )
    for row in world.all(table) if table in model_writes.REMOVES else []:
        statement = sql.SQL("delete from {} where {}").format(name, _is(table, row))
        yield Trial(f"delete from {table} {key_of(table, row)}", statement, int(rule(world, actor, row)))


def _assigned(change: Row) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), literal(value)) for name, value in change.items()
    )


def _is(table: str, row: Row) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), literal(row[name])) for name in keys(table)
    )


REFERRAL_STATES = (
    *("sent", "received", "info_requested", "by_hand", "accepted", "in_progress", "on_hold", "refused", "redirected"),
    *("expired", "revoked", "closed", "disputed", "cancelled", "dropped"),
)
# Changes whose new row never matters to the rule: tried on the whole table at once.
BLIND: dict[str, Row] = {
    "account": {"name": "blind"},
    "membership": {"version": 7},
    "browser_session": {"membership_id": None},
    "household_profile": {"version": 7},
    "person": {"version": 7},
    "stay": {"link": "blind"},
    "need": {"summary": "blind"},
    "referent": {"since": NOON.date()},
    "debt": {"amount_cents": 7},
    "goal": {"words": "blind"},
    "protected_address": {"address": "blind"},
    "safe_contact": {"words": "blind"},
    "import_batch": {"checked": 7},
    "import_row": {"state": "out"},
    "import_columns": {"columns": []},
    "imported_file": {"said": {}},
    "notice": {"read_at": NOON},
    "notice_preference": {"mail": "none"},
}


def changes(world: World, actor: Actor, table: str) -> list[Row]:
    """The changes tried on each row of a table."""
    me = actor.membership_id if isinstance(actor, Member) else uuid4()
    somebody = world.all("membership")[0]["id"]
    tried: dict[str, list[Row]] = {
        "membership": [{"roles": ["intake", "admin"], "professional": True}, {"suspended_at": NOON}],
        "browser_session": [{"membership_id": me}, {"membership_id": somebody}, {"revoked_at": NOON}],
        "invitation": [{"revoked_at": NOON}],
        "household": [{"closed_at": NOON, "closing_reason": "hors_territoire"}, {"closing_reason": "Ada Maes"}],
        "household_profile": [{"version": 7}, {"address": "1 rue des Lilas"}],
        "person_activity": [{"sensitive": True}, {"sensitive": False}],
        "contact": [
            {"cancelled_at": NOON, "cancelled_by": me},
            {"cancelled_at": NOON, "cancelled_by": somebody},
            {"cancelled_at": None, "cancelled_by": None},
        ],
        "task": [
            {"version": 7},
            {"assigned_to": me},
            {"assigned_to": somebody},
            {"done_at": NOON, "done_by": me},
            {"done_at": NOON, "done_by": somebody},
            {"done_at": None, "done_by": None},
            {"done_at": NOON, "done_by": None},
        ],
        "outside_service": [{"written_by": me}, {"written_by": somebody}],
        "referent": [{"membership_id": me}, {"membership_id": somebody}],
        "import_batch": [{"stage": "done"}, {"stage": "undone"}, {"checked": 7}],
        "assessment": [
            {"version": 7},
            {"status": "validated", "validated_by": me},
            {"status": "validated", "validated_by": somebody},
            {"status": "superseded", "superseded_by": uuid4()},
            {"status": "superseded", "composition": {"people": 9}},
            {"reference_date": world.today},
        ],
        "confirmation_link": [
            *({"ended_at": NOON, "ended_by": by} for by in (me, somebody)),
            {"ended_at": None, "ended_by": me},
        ],
        "referral_assignment": [
            {"membership_id": me, "assigned_by": me},
            {"membership_id": somebody, "assigned_by": me},
            {"membership_id": me, "assigned_by": somebody},
        ],
        "appointment": [
            *(
                {"state": state, "moved_by": by}
                for by in (me, somebody)
                for state in ("confirmed", "kept", "cancelled")
            ),
            {"state": "missed", "moved_by": me, "excused": True},
            {"state": "missed", "moved_by": me, "excused": None},
            {"state": "kept", "moved_by": me, "excused": False},
            {"state": "confirmed", "moved_by": me, "held_by": me},
            {"state": "proposed", "moved_by": me, "proposed_by": uuid4()},
            {"state": "proposed", "moved_by": me, "place": "Ada Maes"},
        ],
        "reception_place": [{"updated_by": me, "name": "Ailleurs"}, {"updated_by": somebody}],
        "calendar_feed": [{"revoked_at": NOON}, {"revoked_at": None}],
        "reception": [{"updated_by": me, "full_until": world.today}, {"updated_by": somebody}],
        "referral": [
            *({"state": state, "moved_by": by} for by in (me, somebody) for state in REFERRAL_STATES),
            {"state": "expired", "moved_by": None},
            {"state": "revoked", "moved_by": None},
            {"state": "refused", "moved_by": me, "refusal": "Ada Maes"},
            {"state": "refused", "moved_by": me, "refusal": "hors_criteres"},
            {"state": "disputed", "moved_by": me, "household_says": "Ada Maes"},
        ],
    }
    return tried.get(table) or [BLIND[table]]


# ------------------------------------------------------------------ rows to add


def candidates(world: World, actor: Actor, table: str) -> Iterator[tuple[str, Row]]:
    """Rows worth trying: in one's own name, then with one thing false at a time; a copy where nothing may be added."""
    if table not in model_writes.ADDS:
        for row in world.all(table)[:1] if table != "journal_head" else []:
            yield "a copy", full(table, **_fresh(table, row))
        return
    for parent in world.all(PARENTS.get(table, "network")):
        true = Candidate(world, actor, parent).row(table)
        yield "true", true
        for lie in LIES.get(table, []):
            name = next(iter(lie))
            told = {k: v() if callable(v) else v for k, v in lie.items()}
            if told.get("to_service_id"):
                told["to_service_id"] = world.all("outside_service", network_id=parent["network_id"])[0]["id"]
            yield f"false {name}", {**true, **told}
        if "organisation_id" in true and table != "agreement_part":
            somebody = next(m for m in world.all("membership") if m["id"] != _me(actor))
            yield "for another organisation", {**true, "organisation_id": somebody["organisation_id"]}


def _me(actor: Actor) -> UUID | None:
    return actor.membership_id if isinstance(actor, Member) else None


def _fresh(table: str, row: Row) -> Row:
    alone = {column.name for column in METADATA.tables[table].columns if column.unique or column.name == "id"}
    return {name: value for name, value in row.items() if name not in alone}


# The table each new row hangs from: one candidate per row of it.
PARENTS = {
    "household_profile": "household",
    "past_address": "household",
    "person": "household",
    "stay": "person",
    "person_activity": "person",
    "assessment": "household",
    "budget_line": "assessment",
    "budget_line_detail": "budget_line",
    "assessment_result": "assessment",
    "rights_estimate": "assessment",
    "budget_decision": "assessment_result",
    "need": "household",
    "note": "household",
    "contact": "household",
    "task": "household",
    "referent": "household",
    "debt": "household",
    "goal": "household",
    "document_seen": "household",
    "referral": "need",
    "referral_text": "referral",
    "referral_link": "referral",
    "referral_event": "referral",
    "referral_assignment": "referral",
    "confirmation_link": "referral",
    "appointment": "referral",
    "appointment_event": "appointment",
    "agreement": "household",
    "share_review": "household",
    "protected_address": "household",
    "safe_contact": "household",
    "agreement_person": "agreement",
    "agreement_part": "agreement",
    "agreement_service": "agreement",
    "journal": "household",
    "imported_file": "household",
    "invitation": "account",
}
LIES: dict[str, list[dict[str, Any]]] = {
    "person_activity": [{"sensitive": True}],
    "assessment": [{"created_by": uuid4}, {"status": "validated"}],
    "budget_decision": [
        {"decided_by": uuid4},
        {"proposed": "council"},
        {"bareme_version": "1999-01-01"},
        {"retained": "council", "reason": ""},
    ],
    "rights_estimate": [
        {"asked_by": uuid4},
        {"sensitive": True},
        {"answered_at": NOON},
        {"answer": {}},
        {"fault": "x"},
    ],
    "need": [{"opened_by": uuid4}, {"sensitive": True}],
    "note": [{"written_by": uuid4}],
    "outside_service": [{"written_by": uuid4}],
    "referral_link": [{"mail_state": "sent"}, {"agreed_on": date(2020, 1, 1)}, {"mailed_to": "ailleurs@exemple.fr"}],
    "agreement_service": [{"granted_at": NOON}, {"revoked_at": NOON}],
    "contact": [{"written_by": uuid4}, {"met_on": date(2999, 1, 1)}, {"cancelled_at": NOON}],
    "task": [{"created_by": uuid4}, {"done_at": NOON}, {"assigned_to": uuid4}],
    "referent": [{"membership_id": uuid4}],
    "debt": [{"noted_by": uuid4}],
    "goal": [{"noted_by": uuid4}],
    "document_seen": [{"noted_by": uuid4}, {"seen_on": date(2999, 1, 1)}],
    "referral": [
        {"sent_by": uuid4},
        {"state": "accepted"},
        {"household_code": "FAUX"},
        {"outcome": "got_help"},
        {"household_says": "yes"},
        {"answered_at": NOON},
        {"by_hand": True, "state": "by_hand"},
        {"by_hand": True},
        {"public_domain": "sante"},
        {"public_domain": "logement"},
        {"to_service_id": "a service", "to_organisation_id": None},
        {"to_service_id": "a service", "to_organisation_id": None, "by_hand": True, "state": "by_hand"},
    ],
    "reception": [{"updated_by": uuid4}],
    "confirmation_link": [{"made_by": uuid4}, {"ended_at": NOON}, {"ended_by": uuid4}],
    "appointment": [
        {"moved_by": uuid4},
        {"created_by": uuid4},
        {"proposed_by": uuid4},
        {"state": "kept"},
        {"excused": True},
        {"place": "Ada Maes"},
        {"held_by": uuid4},
        {"from_organisation_id": uuid4},
    ],
    "appointment_event": [{"membership_id": uuid4}, {"state": "missed"}, {"version": 9}, {"verb": "Ada Maes"}],
    "reception_place": [{"updated_by": uuid4}],
    "calendar_feed": [{"membership_id": uuid4}, {"read_at": NOON}, {"revoked_at": NOON}],
    "referral_assignment": [{"assigned_by": uuid4}, {"membership_id": uuid4}],
    "saved_filter": [{"membership_id": uuid4}, {"network_id": uuid4}],
    "referral_text": [{"written_by": uuid4}, {"sensitive": True}, {"confidential": True}],
    "referral_event": [
        {"membership_id": uuid4},
        {"state": "forged"},
        {"reason": "Ada Maes"},
        {"version": 7},
        {"verb": "expire"},
        {"verb": "expire", "state": "expired", "organisation_id": None, "membership_id": None},
    ],
    "share_review": [{"confirmed_by": uuid4}],
    "agreement": [{"recorded_by": uuid4}, {"withdrawn_at": NOON}],
    "invitation": [{"created_by": uuid4}, {"purpose": "reset"}],
    "import_batch": [{"created_by": uuid4}, {"stage": "done"}],
    "import_row": [{"membership_id": uuid4}],
    "notice_preference": [{"membership_id": uuid4}],
    "idempotency": [{"membership_id": uuid4}, {"network_id": uuid4}],
    "journal": [{"household_id": None}, {"fields": ["Ada Maes"]}, {"subject_id": "Ada Maes"}, {"verb": "Ada Maes"}],
}


class Candidate:
    """A new row in the actor's own name, under one parent."""

    def __init__(self, world: World, actor: Actor, parent: Row) -> None:
        self.world = world
        self.parent = parent
        mine = world.all("membership", id=_me(actor))
        # Who is no member borrows a name of the place: it must not help.
        self.me = mine[0] if mine else world.all("membership", network_id=self.network_of(parent))[0]

    def network_of(self, parent: Row) -> UUID:
        found = parent.get("network_id") or self.world.all("network")[0]["id"]
        assert isinstance(found, UUID)
        return found

    def row(self, table: str) -> Row:
        """The row of one table."""
        made: Row = getattr(self, f"for_{table}", dict)()
        place = {"network_id": self.parent.get("network_id", self.parent["id"])} if table != "network" else {}
        if PARENTS.get(table) not in (None, "household", "account"):
            place["household_id"] = self.parent["household_id"]
        if PARENTS.get(table) == "household":
            place["household_id"] = self.parent["id"]
        if table in ("referral_event", "appointment_event"):
            del place["household_id"]
        return full(table, **{**place, **made})

    def _own(self, author: str) -> Row:
        return {"organisation_id": self.me["organisation_id"], author: self.me["id"]}

    def for_journal(self) -> Row:
        return {"subject_id": str(self.parent["id"])}

    def for_invitation(self) -> Row:
        return {
            "network_id": self.me["network_id"],
            "purpose": "invitation",
            "account_id": self.parent["id"],
            **self._own("created_by"),
        }

    def for_idempotency(self) -> Row:
        return {**self.for_notice_preference(), "address": "/"}

    def for_notice_preference(self) -> Row:
        return {"network_id": self.me["network_id"], "membership_id": self.me["id"]}

    def for_import_batch(self) -> Row:
        return {**self._own("created_by"), "network_id": self.me["network_id"], "stage": "columns"}

    def for_import_columns(self) -> Row:
        return {"organisation_id": self.me["organisation_id"], "network_id": self.me["network_id"]}

    def for_import_row(self) -> Row:
        batch = (self.world.all("import_batch", created_by=self.me["id"]) or self.world.all("import_batch"))[0]
        return {"network_id": batch["network_id"], "batch_id": batch["id"], "membership_id": batch["created_by"]}

    def for_imported_file(self) -> Row:
        mine = self.world.all("import_batch", created_by=self.me["id"]) or self.world.all("import_batch")
        return {"batch_id": mine[0]["id"]}

    def for_stay(self) -> Row:
        return {"person_id": self.parent["id"]}

    for_person_activity = for_stay

    def for_assessment(self) -> Row:
        return {"status": "draft", **self._own("created_by")}

    def for_budget_line(self) -> Row:
        return {"assessment_id": self.parent["id"]}

    for_assessment_result = for_budget_line

    def for_budget_decision(self) -> Row:
        proposed = self.parent["result"].get("zone", "")
        same = {name: self.parent[name] for name in ("assessment_id", "bareme_code", "bareme_version")}
        return {**same, "proposed": proposed, "retained": proposed, "reason": "", **self._own("decided_by")}

    def for_rights_estimate(self) -> Row:
        return {"assessment_id": self.parent["id"], "fault": "", **self._own("asked_by")}

    def for_budget_line_detail(self) -> Row:
        return {"line_id": self.parent["id"]}

    def for_need(self) -> Row:
        return self._own("opened_by")

    def for_note(self) -> Row:
        return self._own("written_by")

    for_contact = for_note

    def for_referral_link(self) -> Row:
        to = self.world.all("outside_service", id=self.parent["to_service_id"])
        return {"referral_id": self.parent["id"], "mail_state": "pending", "mailed_to": to[0]["email"] if to else "x"}

    def for_agreement_service(self) -> Row:
        return {"agreement_id": self.parent["id"], "service_id": self._service()}

    def _service(self) -> Any:
        return self.world.all("outside_service", network_id=self.parent["network_id"])[0]["id"]

    def for_outside_service(self) -> Row:
        return {"written_by": self.me["id"]}

    def for_debt(self) -> Row:
        return self._own("noted_by")

    for_goal = for_document_seen = for_debt

    def for_task(self) -> Row:
        return {"assigned_to": self.me["id"], **self._own("created_by")}

    def for_referent(self) -> Row:
        return {"organisation_id": self.me["organisation_id"], "membership_id": self.me["id"]}

    def for_referral(self) -> Row:
        partners = self.world.all("organisation", network_id=self.parent["network_id"])
        to = next((row["id"] for row in partners if row["id"] != self.me["organisation_id"]), partners[0]["id"])
        return {
            "need_id": self.parent["id"],
            "public_domain": "autre",
            "household_code": self._household()["code"],
            "state": "sent",
            "from_organisation_id": self.me["organisation_id"],
            "to_organisation_id": to,
            "sent_by": self.me["id"],
        }

    def _household(self) -> Row:
        return self.world.one("household", id=self.parent["household_id"])

    def for_referral_assignment(self) -> Row:
        return {"referral_id": self.parent["id"], "membership_id": self.me["id"], **self._own("assigned_by")}

    def for_confirmation_link(self) -> Row:
        return {"referral_id": self.parent["id"], "secret_hash": uuid4().hex, **self._own("made_by")}

    def for_appointment(self) -> Row:
        ends = {name: self.parent[name] for name in ("from_organisation_id", "to_organisation_id")}
        ends["to_organisation_id"] = ends["to_organisation_id"] or ends["from_organisation_id"]
        mine = {"proposed_by": self.me["organisation_id"], "created_by": self.me["id"], "moved_by": self.me["id"]}
        return {"referral_id": self.parent["id"], "state": "proposed", "place": "telephone", **ends, **mine}

    def for_appointment_event(self) -> Row:
        here = {name: self.parent[name] for name in ("state", "starts_at", "version")}
        return {"appointment_id": self.parent["id"], "verb": "keep", **here, **self._own("membership_id")}

    def for_reception_place(self) -> Row:
        return self._own("updated_by")

    def for_calendar_feed(self) -> Row:
        return {"network_id": self.me["network_id"], "membership_id": self.me["id"]}

    def for_saved_filter(self) -> Row:
        return {"network_id": self.me["network_id"], "membership_id": self.me["id"]}

    def for_reception(self) -> Row:
        return self._own("updated_by")

    def for_referral_text(self) -> Row:
        return {"referral_id": self.parent["id"], **self._own("written_by")}

    def for_referral_event(self) -> Row:
        here = {"referral_id": self.parent["id"], "state": self.parent["state"], "version": self.parent["version"]}
        return {**here, "verb": "close", **self._own("membership_id")}

    def for_agreement(self) -> Row:
        return self._own("recorded_by")

    def for_share_review(self) -> Row:
        return self._own("confirmed_by")

    def for_agreement_person(self) -> Row:
        return {"agreement_id": self.parent["id"], "person_id": self._person()}

    def for_agreement_part(self) -> Row:
        return {"agreement_id": self.parent["id"], "organisation_id": self._household()["holder_organisation_id"]}

    def _person(self) -> Any:
        return self.world.all("person", household_id=self.parent["household_id"])[1]["id"]
