"""The sharing rule, said once in plain Python: what is open to whom, then who sees which row, table by table.

`model_writes.py` goes on with who adds, changes and removes. PostgreSQL says the same in `policies/`;
`test_random_world.py` holds the two against each other. A table or a verb that is not named is closed to everybody.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from coordination.kit.actor import Actor, Member, Nobody, Service

Row = dict[str, Any]
FAR_PAST = 2050


@dataclass
class World:
    """Everything that is written, table by table, and today's date."""

    today: date
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def all(self, table: str, **where: Any) -> list[Row]:
        """The rows of a table that carry these values."""
        return [row for row in self.tables.get(table, []) if all(row[name] == value for name, value in where.items())]

    def one(self, table: str, **where: Any) -> Row:
        """The only row that carries these values."""
        (row,) = self.all(table, **where)
        return row


# ------------------------------------------------------------------ what is open to whom


def network_of(actor: Actor) -> UUID | None:
    """The network an actor acts in; a visitor and a machine without a network act in none."""
    return None if isinstance(actor, Nobody) else actor.network_id


def is_operator(actor: Actor) -> bool:
    """Whoever runs the installation, from the command line."""
    return isinstance(actor, Service) and actor.name == "operator"


def has_role(actor: Actor, role: str) -> bool:
    """Only members have roles."""
    return isinstance(actor, Member) and role in actor.roles


def live_shares(world: World, actor: Actor, file: UUID) -> list[Row]:
    """The shares that open something of a file to this actor today.

    A share counts for the members of the organisation it names, when their roles may ever read that part, when they
    belong to its audience (professionals, or all), from its first day to its last, unless it was revoked.
    """
    if not isinstance(actor, Member):
        return []
    return [
        share
        for share in world.all("share", household_id=file, network_id=actor.network_id)
        if share["organisation_id"] == actor.organisation_id
        and share["scope"] in actor.parts
        and (share["audience"] == "all" or actor.professional)
        and is_current(world, share)
        and reaches(world, actor, file)
    ]


def is_protected(world: World, file: UUID) -> bool:
    """Opened to named workers only, today."""
    return any(row["lifted_at"] is None for row in world.all("protection", household_id=file))


def reaches(world: World, actor: Actor, file: UUID) -> bool:
    """A file that is closed to this member, or protected and not opened to her by name, is not there for her."""
    who = actor.membership_id if isinstance(actor, Member) else None
    hers = world.all("membership", account_id=actor.account_id) if isinstance(actor, Member) else []
    for one in hers:  # closed to her as a member of one organisation, closed in the others
        if any(row["lifted_at"] is None for row in world.all("bar", household_id=file, membership_id=one["id"])):
            return False
    openings = world.all("file_opening", household_id=file, membership_id=who)
    return not is_protected(world, file) or any(is_open(row) for row in openings)


def is_open(opening: Row) -> bool:
    """Not ended, and its hour has not passed: the world's hours lie in a far past or a far future."""
    return opening["ended_at"] is None and (opening["until"] is None or opening["until"].year > FAR_PAST)


def is_current(world: World, share: Row) -> bool:
    """Both days included; revoked is at once."""
    started = share["valid_from"] <= world.today
    ended = share["valid_until"] is not None and share["valid_until"] < world.today
    return started and not ended and share["revoked_at"] is None


def open_parts(world: World, actor: Actor, file: UUID) -> set[str]:
    """The parts of a file open to this actor today."""
    return {share["scope"] for share in live_shares(world, actor, file)}


def held_parts(world: World, actor: Actor, file: UUID) -> set[str]:
    """The parts open to this actor because her organisation holds the file."""
    return {share["scope"] for share in live_shares(world, actor, file) if share["ground"] == "holder"}


def at_home(actor: Actor, row: Row) -> bool:
    """A row of the actor's own network."""
    return network_of(actor) is not None and row["network_id"] == network_of(actor)


def of_own_organisation(actor: Actor, row: Row) -> bool:
    """A row of the member's own organisation."""
    return isinstance(actor, Member) and at_home(actor, row) and row["organisation_id"] == actor.organisation_id


def administers(actor: Actor, row: Row) -> bool:
    """A row of the organisation whose accounts the actor runs."""
    return of_own_organisation(actor, row) and has_role(actor, "admin")


def is_code(word: str | None) -> bool:
    """A word of a list, never a sentence nor a name."""
    return word is None or re.fullmatch("[a-z0-9_.]*", word) is not None


def sensitive_too(world: World, actor: Actor, row: Row) -> bool:
    """What touches health or violence also asks for the part `sensitive`."""
    return not row["sensitive"] or "sensitive" in open_parts(world, actor, row["household_id"])


# ------------------------------------------------------------------ seeing


def sees_part(part: str) -> "Rule":
    """Rows of a file that are read with one part."""
    return lambda world, actor, row: part in open_parts(world, actor, row["household_id"])


def sees_account(world: World, actor: Actor, row: Row) -> bool:
    """One's own; an admin, those of the people of her organisation."""
    if not isinstance(actor, Member):
        return False
    colleague = world.all("membership", account_id=row["id"], organisation_id=actor.organisation_id)
    return row["id"] == actor.account_id or (has_role(actor, "admin") and bool(colleague))


def own_key(actor: Actor, row: Row) -> bool:
    """What a member sent under a key of hers: nobody else's business, not even her colleagues'."""
    return isinstance(actor, Member) and at_home(actor, row) and row["membership_id"] == actor.membership_id


def sees_journal(world: World, actor: Actor, row: Row) -> bool:
    """The data protection officer, and the machine that verifies it, each in its network."""
    verifier = isinstance(actor, Service) and actor.name == "journal"
    return at_home(actor, row) and (has_role(actor, "dpo") or verifier)


def sees_share(world: World, actor: Actor, row: Row) -> bool:
    """The organisation that received it, and the one that holds the file."""
    sides = (row["organisation_id"], row["holder_organisation_id"])
    there = isinstance(actor, Member) and at_home(actor, row) and actor.organisation_id in sides
    return there and reaches(world, actor, row["household_id"])


def sees_household(world: World, actor: Actor, row: Row) -> bool:
    """The bare file, with any part of it."""
    return bool(open_parts(world, actor, row["id"]))


def sees_activity(world: World, actor: Actor, row: Row) -> bool:
    """With the identity; an absent adult's stays with the holder until she agrees."""
    file = row["household_id"]
    seen = "identity" in open_parts(world, actor, file) and sensitive_too(world, actor, row)
    return seen and ("identity" in held_parts(world, actor, file) or not awaits_answer(world, actor, row["person_id"]))


def awaits_answer(world: World, actor: Actor, person: UUID) -> bool:
    """Absent from an agreement that opens the file to the actor's organisation today, and agreeing in none."""
    if not isinstance(actor, Member):
        return False
    shares = world.all("share", organisation_id=actor.organisation_id)
    current = {share["agreement_id"] for share in shares if is_current(world, share)}
    said = {row["answer"] for row in world.all("agreement_person", person_id=person) if row["agreement_id"] in current}
    return "absent" in said and "agrees" not in said


def sees_detail(world: World, actor: Actor, row: Row) -> bool:
    """The true kind of a charge that touches health: both parts."""
    return {"budget", "sensitive"} <= open_parts(world, actor, row["household_id"])


def sees_need(world: World, actor: Actor, row: Row) -> bool:
    return "needs" in open_parts(world, actor, row["household_id"]) and sensitive_too(world, actor, row)


def is_worker(actor: Actor) -> bool:
    """The machine that writes what time decided, in its network."""
    return isinstance(actor, Service) and actor.name == "worker"


def sees_referral(world: World, actor: Actor, row: Row) -> bool:
    """The sender; the receiver, unless a paper was given and nothing transmitted; the network's coordinators; and the
    worker, who reads codes alone."""
    if is_worker(actor):
        return at_home(actor, row)
    if not isinstance(actor, Member) or not at_home(actor, row) or not reaches(world, actor, row["household_id"]):
        return False
    receives = row["to_organisation_id"] == actor.organisation_id and not row["by_hand"]
    return row["from_organisation_id"] == actor.organisation_id or receives or has_role(actor, "coordinator")


def sees_its_referral(world: World, actor: Actor, row: Row) -> bool:
    return sees_referral(world, actor, world.one("referral", id=row["referral_id"]))


def sees_service_link(world: World, actor: Actor, row: Row) -> bool:
    """The organisation that sent the referral, while the identity and the need are open to it."""
    referral = world.one("referral", id=row["referral_id"])
    mine = isinstance(actor, Member) and referral["from_organisation_id"] == actor.organisation_id
    seen = "identity" in open_parts(world, actor, row["household_id"])
    need = world.one("need", id=referral["need_id"])
    return mine and seen and sees_referral(world, actor, referral) and sees_need(world, actor, need)


def sees_link(world: World, actor: Actor, row: Row) -> bool:
    """The two sides of the referral."""
    referral = world.one("referral", id=row["referral_id"])
    sides = (referral["from_organisation_id"], referral["to_organisation_id"])
    return sees_referral(world, actor, referral) and isinstance(actor, Member) and actor.organisation_id in sides


def letters_safe(world: World, file: UUID) -> bool:
    """The household's own word on paper; without one, unless the file is protected."""
    said = world.all("safe_contact", household_id=file)
    return bool(said[0]["letter"]) if said else not is_protected(world, file)


def sees_assignment(world: World, actor: Actor, row: Row) -> bool:
    """Who follows it in one's own organisation."""
    return of_own_organisation(actor, row) and sees_its_referral(world, actor, row)


def sees_referral_text(world: World, actor: Actor, row: Row) -> bool:
    """The words: whoever sees the referral and the needs of the file (and the sensitive part when they are).

    Those kept to oneself stay with the organisation that wrote them.
    """
    if row["confidential"] and not of_own_organisation(actor, row):
        return False
    return sees_its_referral(world, actor, row) and sees_need(world, actor, row)


def sees_agreement(world: World, actor: Actor, row: Row) -> bool:
    """The holder of the file; a partner's member, when it opened something to her audience and her roles, and something
    is still open."""
    file = row["household_id"]
    if held_parts(world, actor, file):
        return True
    if not isinstance(actor, Member):
        return False
    opened = [
        share
        for share in world.all("share", agreement_id=row["id"], organisation_id=actor.organisation_id)
        if share["scope"] in actor.parts
        and (share["audience"] == "all" or actor.professional)
        and reaches(world, actor, share["household_id"])
    ]
    return bool(opened) and bool(open_parts(world, actor, file))


def sees_answer(world: World, actor: Actor, row: Row) -> bool:
    """What each adult answered: with the identity of the household, when the agreement itself is seen."""
    agreement = world.one("agreement", id=row["agreement_id"])
    return "identity" in open_parts(world, actor, row["household_id"]) and sees_agreement(world, actor, agreement)


def sees_agreement_part(world: World, actor: Actor, row: Row) -> bool:
    """The holder reads every line; a partner its own, of the agreements it reads: whom else a household trusts is not
    its business."""
    agreement = world.one("agreement", id=row["agreement_id"])
    told = bool(held_parts(world, actor, row["household_id"])) or of_own_organisation(actor, row)
    return told and sees_agreement(world, actor, agreement)


def sees_agreement_service(world: World, actor: Actor, row: Row) -> bool:
    """Which outside services a household trusts: the holder's business."""
    agreement = world.one("agreement", id=row["agreement_id"])
    return bool(held_parts(world, actor, row["household_id"])) and sees_agreement(world, actor, agreement)


def sees_own_work(world: World, actor: Actor, row: Row) -> bool:
    """Notes, contacts, tasks: one's own organisation's, with a role that opens notes, on a file still open to it.

    A share of the part `notes` opens nobody else's.
    """
    mine = of_own_organisation(actor, row) and isinstance(actor, Member) and "notes" in actor.parts
    return mine and bool(open_parts(world, actor, row["household_id"]))


def sees_referent(world: World, actor: Actor, row: Row) -> bool:
    """With the identity: one's own organisation's referent, and the holder's."""
    holder = world.one("household", id=row["household_id"])["holder_organisation_id"]
    told = of_own_organisation(actor, row) or row["organisation_id"] == holder
    return told and "identity" in open_parts(world, actor, row["household_id"])


def sees_request(world: World, actor: Actor, row: Row) -> bool:
    """Whoever may read identities at the asker's; the holder of the file it is about, when there is one."""
    asked = of_own_organisation(actor, row) and isinstance(actor, Member) and "identity" in actor.parts
    about = world.all("access_request_file", id=row["id"])
    return asked or any(sees_request_file(world, actor, file) for file in about)


def sees_request_file(world: World, actor: Actor, row: Row) -> bool:
    """Which file a request is about: its holder alone."""
    return "identity" in held_parts(world, actor, row["household_id"])


def sees_opening(world: World, actor: Actor, row: Row) -> bool:
    """One's own; those of a file one holds; every broken glass of the network for its data protection officer."""
    if not isinstance(actor, Member) or not at_home(actor, row):
        return False
    glass = row["ground"] == "break_glass" and has_role(actor, "dpo")
    holds = "identity" in held_parts(world, actor, row["household_id"])
    return glass or holds or row["membership_id"] == actor.membership_id


def sees_bar(world: World, actor: Actor, row: Row) -> bool:
    """Colleagues who see the file: never she to whom it is closed."""
    return of_own_organisation(actor, row) and "identity" in open_parts(world, actor, row["household_id"])


def sees_merge(world: World, actor: Actor, row: Row) -> bool:
    """Whoever holds one of the two files."""
    return any("identity" in held_parts(world, actor, row[name]) for name in ("household_id", "absorbed_id"))


def sees_batch(world: World, actor: Actor, row: Row) -> bool:
    """Imports, and what columns meant: the intake workers of the organisation."""
    return of_own_organisation(actor, row) and has_role(actor, "intake")


def own_row(world: World, actor: Actor, row: Row) -> bool:
    """The rows of a list: whoever handed it over, nobody else, not even her colleagues."""
    return own_key(actor, row) and has_role(actor, "intake")


Rule = Callable[[World, Actor, Row], bool]


def never(world: World, actor: Actor, row: Row) -> bool:
    """Nobody: doors alone."""
    return False


SEES: dict[str, Rule] = {
    "network": lambda world, actor, row: row["id"] == network_of(actor) or is_operator(actor),
    "organisation": lambda world, actor, row: at_home(actor, row) or is_operator(actor),
    "account": sees_account,
    "credential": never,
    "sign_in_attempt": never,
    "network_question": never,
    "membership": lambda world, actor, row: isinstance(actor, Member) and at_home(actor, row),
    "browser_session": lambda world, actor, row: isinstance(actor, Member) and row["account_id"] == actor.account_id,
    "invitation": lambda world, actor, row: administers(actor, row) or is_operator(actor),
    "idempotency": lambda world, actor, row: own_key(actor, row),
    "journal": sees_journal,
    "journal_head": sees_journal,
    "share": sees_share,
    "household": sees_household,
    "household_profile": sees_part("identity"),
    "person": sees_part("identity"),
    "stay": sees_part("identity"),
    "person_link": never,
    "merge": sees_merge,
    "merge_move": never,
    "past_address": lambda world, actor, row: "identity" in held_parts(world, actor, row["household_id"]),
    "person_activity": sees_activity,
    "protection": lambda world, actor, row: bool(open_parts(world, actor, row["household_id"])),
    "file_opening": sees_opening,
    "bar": sees_bar,
    "protected_address": lambda world, actor, row: "identity" in held_parts(world, actor, row["household_id"]),
    "safe_contact": sees_part("identity"),
    "assessment": sees_part("budget"),
    "budget_line": sees_part("budget"),
    "budget_line_detail": sees_detail,
    "assessment_result": sees_part("budget"),
    "budget_decision": sees_part("budget"),
    "need": sees_need,
    "referral": sees_referral,
    "referral_text": sees_referral_text,
    "referral_event": sees_its_referral,
    "referral_assignment": sees_assignment,
    "confirmation_link": sees_link,
    "appointment": sees_its_referral,
    "appointment_event": lambda world, actor, row: sees_its_referral(
        world, actor, world.one("appointment", id=row["appointment_id"])
    ),
    "reception_place": lambda world, actor, row: isinstance(actor, Member) and at_home(actor, row),
    "calendar_feed": lambda world, actor, row: own_key(actor, row),
    "saved_filter": lambda world, actor, row: own_key(actor, row),
    "reception": lambda world, actor, row: isinstance(actor, Member) and at_home(actor, row),
    "note": sees_own_work,
    "contact": sees_own_work,
    "task": sees_own_work,
    "referent": sees_referent,
    "debt": sees_part("budget"),
    "goal": sees_part("needs"),
    "document_seen": sees_part("identity"),
    "rights_estimate": lambda world, actor, row: (
        "budget" in open_parts(world, actor, row["household_id"]) and sensitive_too(world, actor, row)
    ),
    "referral_link": sees_service_link,
    "outside_service": lambda world, actor, row: isinstance(actor, Member) and at_home(actor, row),
    "notice": lambda world, actor, row: own_key(actor, row),
    "notice_preference": lambda world, actor, row: own_key(actor, row),
    "agreement": sees_agreement,
    "agreement_person": sees_answer,
    "agreement_part": sees_agreement_part,
    "agreement_service": sees_agreement_service,
    "share_review": lambda world, actor, row: of_own_organisation(actor, row),
    "access_request": sees_request,
    "access_request_file": sees_request_file,
    "import_batch": sees_batch,
    "import_row": own_row,
    "imported_file": lambda world, actor, row: (
        sees_batch(world, actor, world.one("import_batch", id=row["batch_id"]))
        and "identity" in open_parts(world, actor, row["household_id"])
    ),
    "import_columns": sees_batch,
}
