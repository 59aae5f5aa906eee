"""The sharing rule, continued: who adds, changes and removes which row, table by table."""

import re
from collections.abc import Callable
from uuid import UUID

from coordination.kit.actor import Actor, Member
from tests.policies.model import (
    FAR_PAST,
    Row,
    Rule,
    World,
    administers,
    at_home,
    has_role,
    held_parts,
    is_code,
    is_current,
    is_operator,
    is_protected,
    is_worker,
    letters_safe,
    of_own_organisation,
    open_parts,
    own_key,
    own_row,
    sees_assignment,
    sees_batch,
    sees_link,
    sees_need,
    sees_own_work,
    sees_referral,
    sees_service_link,
    sensitive_too,
)


def is_trusted(world: World, organisation: UUID, file: UUID, part: str) -> bool:
    """Whether an organisation was trusted with a part, whoever of its people may read it."""
    shares = world.all("share", household_id=file, organisation_id=organisation, scope=part)
    return any(is_current(world, share) for share in shares)


def somebody_reads(world: World, organisation: UUID, file: UUID) -> bool:
    """A protected file goes only where somebody is named to read it."""
    named = world.all("file_opening", household_id=file, organisation_id=organisation, ground="named", ended_at=None)
    return bool(named) or not is_protected(world, file)


def in_own_name(actor: Actor, row: Row, author: str) -> bool:
    """Written by a member, for her organisation, in her network, under her name."""
    return (
        isinstance(actor, Member)
        and row["network_id"] == actor.network_id
        and row["organisation_id"] == actor.organisation_id
        and row[author] == actor.membership_id
    )


def works_only_with(world: World, account: UUID | None, organisation: UUID) -> bool:
    """Whether an account belongs to this organisation and to no other: its password may be reset there."""
    return {row["organisation_id"] for row in world.all("membership", account_id=account)} == {organisation}


# ------------------------------------------------------------------ adding


def by_operator(world: World, actor: Actor, row: Row) -> bool:
    return is_operator(actor)


def adds_invitation(world: World, actor: Actor, row: Row) -> bool:
    """An admin, for her organisation, in her name; a new password only for those who work nowhere else."""
    if is_operator(actor):
        return row["created_by"] is None
    if not isinstance(actor, Member) or not administers(actor, row) or row["created_by"] != actor.membership_id:
        return False
    return row["purpose"] == "invitation" or works_only_with(world, row["account_id"], actor.organisation_id)


def adds_journal(world: World, actor: Actor, row: Row) -> bool:
    """Whoever acts in the network; about a file, only an organisation the file concerns; never a value."""
    words = (row["verb"], row["subject"], "".join(row["fields"]))
    discreet = all(is_code(word) for word in words) and re.fullmatch("[0-9a-f-]{36}", row["subject_id"]) is not None
    acts = at_home(actor, row) or is_operator(actor)
    return acts and discreet and (row["household_id"] is None or concerned(world, actor, row["household_id"]))


def concerned(world: World, actor: Actor, file: UUID) -> bool:
    """A file one sees or saw, or a referral one sent, received or coordinates; for the worker, one with a referral."""
    if is_worker(actor):
        return any(sees_referral(world, actor, row) for row in world.all("referral", household_id=file))
    if not isinstance(actor, Member):
        return False
    shared = world.all("share", household_id=file, organisation_id=actor.organisation_id)
    referrals = world.all("referral", household_id=file, network_id=actor.network_id)
    return bool(shared) or any(stands_at(actor, referral) for referral in referrals)


def stands_at(actor: Member, row: Row) -> bool:
    """At an end of a referral, or its network's coordinator, whether or not the file lets her in."""
    receives = row["to_organisation_id"] == actor.organisation_id and not row["by_hand"]
    return row["from_organisation_id"] == actor.organisation_id or receives or has_role(actor, "coordinator")


def writes_identity(world: World, actor: Actor, row: Row) -> bool:
    """Identity and composition are written by the organisation that holds the file."""
    return at_home(actor, row) and "identity" in held_parts(world, actor, row["household_id"])


def writes_activity(world: World, actor: Actor, row: Row) -> bool:
    return writes_identity(world, actor, row) and sensitive_too(world, actor, row)


def adds_assessment(world: World, actor: Actor, row: Row) -> bool:
    """Each organisation trusted with the budget writes its own, as a draft."""
    mine = in_own_name(actor, row, "created_by") and row["status"] == "draft"
    return mine and "budget" in open_parts(world, actor, row["household_id"])


def in_own_draft(world: World, actor: Actor, row: Row) -> bool:
    """Lines and results move only in one's organisation's own draft."""
    assessment = world.one("assessment", id=row["assessment_id"])
    mine = of_own_organisation(actor, assessment) and assessment["status"] == "draft"
    return mine and "budget" in open_parts(world, actor, row["household_id"])


def adds_decision(world: World, actor: Actor, row: Row) -> bool:
    """On the frozen answer of a validated budget, in one's own name, told as it was; departing takes a reason."""
    assessment = world.one("assessment", id=row["assessment_id"])
    frozen = world.all("assessment_result", assessment_id=row["assessment_id"], bareme_code=row["bareme_code"])
    told = [
        answer["bareme_version"] == row["bareme_version"] and answer["result"].get("zone", "") == row["proposed"]
        for answer in frozen
    ]
    return (
        in_own_name(actor, row, "decided_by")
        and "budget" in open_parts(world, actor, row["household_id"])
        and assessment["status"] == "validated"
        and any(told)
        and (row["retained"] == row["proposed"] or row["reason"] != "")
    )


def writes_detail(world: World, actor: Actor, row: Row) -> bool:
    line = world.one("budget_line", id=row["line_id"])
    return in_own_draft(world, actor, line) and "sensitive" in open_parts(world, actor, row["household_id"])


def adds_need(world: World, actor: Actor, row: Row) -> bool:
    return in_own_name(actor, row, "opened_by") and sees_need(world, actor, row)


UNANSWERED = ("refusal", "outcome", "answered_at", "closed_at", "household_says", "household_due")


def adds_referral(world: World, actor: Actor, row: Row) -> bool:
    """From one's own organisation, about a need one sees, under the file's true code, unanswered, and never naming a
    sensitive domain: the row itself is read without the share.

    It is transmitted only to a partner trusted with the identity and the needs (and the sensitive part when the need
    is); otherwise a paper is handed over.
    """
    if not isinstance(actor, Member) or not at_home(actor, row) or row["sent_by"] != actor.membership_id:
        return False
    file = row["household_id"]
    unanswered = not any(row[name] for name in UNANSWERED)
    need = world.one("need", id=row["need_id"])
    discreet = row["public_domain"] == "autre" or (row["public_domain"] == need["domain"] and not need["sensitive"])
    born = row["state"] == ("by_hand" if row["by_hand"] else "sent") and unanswered
    return (
        row["from_organisation_id"] == actor.organisation_id != row["to_organisation_id"]
        and born
        and discreet
        and row["household_code"] == world.one("household", id=file)["code"]
        and sees_need(world, actor, need)
        and (row["by_hand"] or passes(world, actor, row, need))
    )


def passes(world: World, actor: Actor, row: Row, need: Row) -> bool:
    """Whether what a referral carries may go to its receiver today: a partner trusted with it, where somebody may read
    the file; or a service that an agreement names, from somebody who reads the identity herself."""
    if row["to_service_id"] is None:
        return trusted_with(world, row)
    named = "identity" in open_parts(world, actor, row["household_id"])
    works = world.one("outside_service", id=row["to_service_id"])["active"]
    return named and works and service_agreed(world, row, need) and not is_protected(world, row["household_id"])


def service_agreed(world: World, row: Row, need: Row) -> bool:
    """Whether an agreement in force names the service; for a sensitive need, whether it says so."""
    lines = world.all("agreement_service", household_id=row["household_id"], service_id=row["to_service_id"])
    for line in lines:
        agreement = world.one("agreement", id=line["agreement_id"])
        current = agreement["valid_from"] <= world.today <= agreement["valid_until"]
        if line["granted_at"] and not line["revoked_at"] and (line["sensitive"] or not need["sensitive"]) and current:
            return True
    return False


def adds_referral_text(world: World, actor: Actor, row: Row) -> bool:
    """The two sides write, as long as the need is open to them; about a sensitive need, sensitive words."""
    referral = world.one("referral", id=row["referral_id"])
    need = world.one("need", id=referral["need_id"])
    sides = (referral["from_organisation_id"], referral["to_organisation_id"])
    return (
        in_own_name(actor, row, "written_by")
        and sees_referral(world, actor, referral)
        and row["organisation_id"] in sides
        and sees_need(world, actor, row)
        and sees_need(world, actor, need)
        and (row["sensitive"] or not need["sensitive"])
    )


def adds_referral_event(world: World, actor: Actor, row: Row) -> bool:
    """Whoever sees the referral, in her own name, saying where it stands now; nobody's name for what nobody decided."""
    referral = world.one("referral", id=row["referral_id"])
    decided = (row["verb"], row["state"]) in {("expire", "expired"), ("stop", "revoked")}
    nobody = at_home(actor, row) and row["organisation_id"] is None and row["membership_id"] is None
    return (
        (nobody if decided else in_own_name(actor, row, "membership_id") and row["verb"] not in ("expire", "stop"))
        and sees_referral(world, actor, referral)
        and (row["state"], row["version"]) == (referral["state"], referral["version"])
        and is_code(row["verb"])
        and is_code(row["reason"])
    )


def adds_assignment(world: World, actor: Actor, row: Row) -> bool:
    """A colleague who works here, named by a colleague, on a referral both see."""
    works = any(m["suspended_at"] is None for m in world.all("membership", id=row["membership_id"]))
    named = {**row, "author": row["assigned_by"]}
    return (
        in_own_name(actor, named, "author")
        and sees_assignment(world, actor, row)
        and works
        and is_colleague(world, actor, row["membership_id"])
    )


def adds_link(world: World, actor: Actor, row: Row) -> bool:
    """A link on paper, in one's own name, by either side of a referral one sees, while paper is safe."""
    fresh = row["ended_at"] is None and row["ended_by"] is None
    referral = world.one("referral", id=row["referral_id"])
    there = sees_link(world, actor, row) and not (is_receiver(actor, referral) and referral["by_hand"])
    return in_own_name(actor, row, "made_by") and fresh and there and letters_safe(world, row["household_id"])


def is_receiver(actor: Actor, referral: Row) -> bool:
    """At the receiving end and not at the other one."""
    ours = actor.organisation_id if isinstance(actor, Member) else None
    return bool(referral["to_organisation_id"] == ours != referral["from_organisation_id"])


def ends_link(world: World, actor: Actor, old: Row, new: Row) -> bool:
    me = actor.membership_id if isinstance(actor, Member) else None
    return sees_link(world, actor, old) and new["ended_at"] is not None and new["ended_by"] == me


def changes_assignment(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return sees_assignment(world, actor, old) and adds_assignment(world, actor, {**old, **new})


def adds_reception(world: World, actor: Actor, row: Row) -> bool:
    """When one's own organisation receives people: by its intake, coordination or administration."""
    runs = any(has_role(actor, role) for role in ("intake", "coordinator", "admin"))
    return runs and in_own_name(actor, row, "updated_by")


def changes_reception(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return adds_reception(world, actor, {**old, "updated_by": new["updated_by"]})


def adds_agreement(world: World, actor: Actor, row: Row) -> bool:
    """Recorded by the holder of the file, in force until it is withdrawn by a door."""
    mine = in_own_name(actor, row, "recorded_by") and row["withdrawn_at"] is None
    return mine and writes_identity(world, actor, row)


def adds_to_agreement(world: World, actor: Actor, row: Row) -> bool:
    """Answers and lines, in one's organisation's own agreement, before anything was granted on it."""
    agreement = world.one("agreement", id=row["agreement_id"])
    mine = of_own_organisation(actor, agreement) and writes_identity(world, actor, row)
    granted = any(line["granted_at"] for line in world.all("agreement_service", agreement_id=agreement["id"]))
    granted = granted or bool(world.all("share", agreement_id=agreement["id"]))
    return mine and agreement["withdrawn_at"] is None and not granted


def adds_agreement_service(world: World, actor: Actor, row: Row) -> bool:
    """A service the household trusts, in an agreement of one's own; a door grants it."""
    return adds_to_agreement(world, actor, row) and row["granted_at"] is row["revoked_at"] is None


def adds_own_work(world: World, actor: Actor, row: Row) -> bool:
    """Notes and contacts, in one's own name; a contact is never to come, nor taken back at once."""
    past = "met_on" not in row or (row["met_on"] <= world.today and row["cancelled_at"] is row["cancelled_by"] is None)
    return in_own_name(actor, row, "written_by") and past and sees_own_work(world, actor, row)


def adds_with(part: str) -> Rule:
    """In one's own name, with the part open; nothing is seen on a day to come."""
    return lambda world, actor, row: (
        in_own_name(actor, row, "noted_by")
        and part in open_parts(world, actor, row["household_id"])
        and ("seen_on" not in row or row["seen_on"] <= world.today)
    )


def changes_with(part: str) -> "Change":
    """By the organisation that noted it, as long as the part is open."""
    return lambda world, actor, old, new: (
        of_own_organisation(actor, old) and part in open_parts(world, actor, old["household_id"])
    )


def is_colleague(world: World, actor: Actor, membership: UUID) -> bool:
    """A member of one's own organisation."""
    return any(of_own_organisation(actor, row) for row in world.all("membership", id=membership))


def adds_task(world: World, actor: Actor, row: Row) -> bool:
    """To do, by oneself or a colleague."""
    mine = in_own_name(actor, row, "created_by") and sees_own_work(world, actor, row)
    return mine and row["done_at"] is None and row["done_by"] is None and is_colleague(world, actor, row["assigned_to"])


def writes_referent(world: World, actor: Actor, row: Row) -> bool:
    """A colleague, by whoever may write notes on a file whose identity is open."""
    mine = of_own_organisation(actor, row) and isinstance(actor, Member) and "notes" in actor.parts
    identity = "identity" in open_parts(world, actor, row["household_id"])
    return mine and identity and is_colleague(world, actor, row["membership_id"])


def adds_share_review(world: World, actor: Actor, row: Row) -> bool:
    """Whoever sees something of the file, for her organisation."""
    return in_own_name(actor, row, "confirmed_by") and bool(open_parts(world, actor, row["household_id"]))


PREPARED = {"columns", "checking", "ready"}


def adds_batch(world: World, actor: Actor, row: Row) -> bool:
    """A list handed over, in one's own name, of which nothing is made yet."""
    return in_own_name(actor, row, "created_by") and has_role(actor, "intake") and row["stage"] == "columns"


def adds_imported_file(world: World, actor: Actor, row: Row) -> bool:
    """A file one has opened oneself since the list was handed over, and a list still being prepared."""
    batch, file = world.one("import_batch", id=row["batch_id"]), world.one("household", id=row["household_id"])
    mine = sees_batch(world, actor, batch) and isinstance(actor, Member) and batch["created_by"] == actor.membership_id
    opened = file["opened_by"] == batch["created_by"] and file["opened_at"] >= batch["created_at"]
    seen = bool(open_parts(world, actor, file["id"])) and file["holder_organisation_id"] == batch["organisation_id"]
    return mine and opened and seen and batch["stage"] in PREPARED


def prepares(world: World, actor: Actor, batch: Row) -> bool:
    """One's own list, of which nothing is made yet."""
    mine = at_home(actor, batch) and isinstance(actor, Member) and batch["created_by"] == actor.membership_id
    return mine and has_role(actor, "intake") and batch["stage"] in PREPARED


def adds_estimate(world: World, actor: Actor, row: Row) -> bool:
    """About a validated budget one sees, in one's own name, unanswered."""
    assessment = world.one("assessment", id=row["assessment_id"])
    unanswered = row["answered_at"] is None and row["claimed_at"] is None and row["answer"] is None
    mine = in_own_name(actor, row, "asked_by") and unanswered and row["fault"] == ""
    seen = "budget" in open_parts(world, actor, row["household_id"]) and sensitive_too(world, actor, row)
    return mine and seen and assessment["status"] == "validated"


def keeps_directory(actor: Actor, row: Row) -> bool:
    """Coordinators and admins of the network."""
    return at_home(actor, row) and (has_role(actor, "coordinator") or has_role(actor, "admin"))


def adds_service(world: World, actor: Actor, row: Row) -> bool:
    return keeps_directory(actor, row) and isinstance(actor, Member) and row["written_by"] == actor.membership_id


def changes_service(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return keeps_directory(actor, old) and adds_service(world, actor, new)


def meets(world: World, actor: Actor, row: Row) -> bool:
    """One of the two organisations of an appointment, on a referral she sees, that was transmitted and whose agreement
    still carries it; the other's people are received by nobody but their own organisation."""
    if not isinstance(actor, Member) or not at_home(actor, row):
        return False
    referral = world.one("referral", id=row["referral_id"])
    hosts = [m["organisation_id"] for m in world.all("membership", id=row["held_by"])] if row["held_by"] else None
    return (
        actor.organisation_id in (row["from_organisation_id"], row["to_organisation_id"])
        and sees_referral(world, actor, referral)
        and not referral["by_hand"]
        and not is_stopped(world, referral)
        and (hosts is None or hosts == [row["to_organisation_id"]] == [referral["to_organisation_id"]])
        and row["moved_by"] == actor.membership_id
        and is_code(row["place"])
    )


def adds_appointment(world: World, actor: Actor, row: Row) -> bool:
    """Proposed or fixed, in one's own name, between the two ends of a referral under way; in the place of a service,
    whoever refers to it stands at both."""
    referral = world.one("referral", id=row["referral_id"])
    ends = row["from_organisation_id"] == referral["from_organisation_id"]
    ends &= row["to_organisation_id"] == (referral["to_organisation_id"] or referral["from_organisation_id"])
    mine = isinstance(actor, Member) and row["proposed_by"] == actor.organisation_id
    own = isinstance(actor, Member) and row["created_by"] == actor.membership_id
    fresh = row["state"] in ("proposed", "confirmed") and row["excused"] is None
    return meets(world, actor, row) and ends and mine and own and fresh and referral["state"] in CARRIED


def changes_appointment(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """Whether the person came is said by the organisation that receives her, once the hour has passed."""
    hosts = isinstance(actor, Member) and actor.organisation_id == new["to_organisation_id"]
    past = new["starts_at"].year < FAR_PAST
    said = (new["state"] == "kept" and new["excused"] is None) or (
        new["state"] == "missed" and new["excused"] is not None
    )
    planned = new["state"] in ("proposed", "confirmed", "declined", "cancelled") and new["excused"] is None
    ends = (new["from_organisation_id"], new["to_organisation_id"])
    return meets(world, actor, new) and new["proposed_by"] in ends and (planned or (hosts and past and said))


def adds_appointment_event(world: World, actor: Actor, row: Row) -> bool:
    """By one of its two organisations, in one's own name, saying where it stands now."""
    about = world.one("appointment", id=row["appointment_id"])
    now_is = all(row[name] == about[name] for name in ("state", "version", "starts_at"))
    referral = world.one("referral", id=about["referral_id"])
    return (
        in_own_name(actor, row, "membership_id")
        and sees_referral(world, actor, referral)
        and row["organisation_id"] in (about["from_organisation_id"], about["to_organisation_id"])
        and now_is
        and is_code(row["verb"])
    )


def adds_place(world: World, actor: Actor, row: Row) -> bool:
    """By the intake, coordination or administration of the organisation, like its days."""
    return adds_reception(world, actor, row)


def adds_service_link(world: World, actor: Actor, row: Row) -> bool:
    """Of a referral one sent to a service, by whoever reads its need and the identity, to the address the network
    knows; nothing is mailed yet, and the agreement is the file's."""
    referral = world.one("referral", id=row["referral_id"])
    known = world.all("outside_service", id=referral["to_service_id"], email=row["mailed_to"])
    to_service = bool(known) and not referral["by_hand"]
    fresh = row["mail_state"] == "pending" and row["agreed_on"] is None
    return at_home(actor, row) and sees_service_link(world, actor, row) and to_service and fresh


ADDS: dict[str, Rule] = {
    "referral_link": adds_service_link,
    "outside_service": adds_service,
    "rights_estimate": adds_estimate,
    "idempotency": lambda world, actor, row: own_key(actor, row),
    "network": by_operator,
    "organisation": by_operator,
    "invitation": adds_invitation,
    "journal": adds_journal,
    "household_profile": writes_identity,
    "past_address": writes_identity,
    "person": writes_identity,
    "stay": writes_identity,
    "person_activity": writes_activity,
    "assessment": adds_assessment,
    "budget_line": in_own_draft,
    "budget_line_detail": writes_detail,
    "assessment_result": in_own_draft,
    "budget_decision": adds_decision,
    "need": adds_need,
    "referral": adds_referral,
    "referral_text": adds_referral_text,
    "referral_event": adds_referral_event,
    "reception": adds_reception,
    "referral_assignment": adds_assignment,
    "confirmation_link": adds_link,
    "appointment": adds_appointment,
    "appointment_event": adds_appointment_event,
    "reception_place": adds_place,
    "calendar_feed": lambda world, actor, row: (
        own_key(actor, row) and row["read_at"] is None and row["revoked_at"] is None
    ),
    "saved_filter": lambda world, actor, row: own_key(actor, row),
    "note": adds_own_work,
    "contact": adds_own_work,
    "task": adds_task,
    "referent": writes_referent,
    "debt": adds_with("budget"),
    "goal": adds_with("needs"),
    "document_seen": adds_with("identity"),
    "agreement": adds_agreement,
    "agreement_person": adds_to_agreement,
    "agreement_part": adds_to_agreement,
    "agreement_service": adds_agreement_service,
    "share_review": adds_share_review,
    "protected_address": writes_identity,
    "safe_contact": writes_identity,
    "import_batch": adds_batch,
    "import_row": own_row,
    "imported_file": adds_imported_file,
    "import_columns": sees_batch,
    "notice_preference": lambda world, actor, row: own_key(actor, row),
}


# ------------------------------------------------------------------ changing

Change = Callable[[World, Actor, Row, Row], bool]


def changes_account(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return isinstance(actor, Member) and old["id"] == actor.account_id


def changes_membership(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return administers(actor, old)


def changes_session(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """One's own, while it is open: to close it, or to act for another of one's own memberships."""
    if not isinstance(actor, Member) or old["account_id"] != actor.account_id or old["revoked_at"] is not None:
        return False
    chosen = new["membership_id"]
    return chosen is None or bool(world.all("membership", id=chosen, account_id=actor.account_id, suspended_at=None))


def changes_invitation(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """Cancelled by an admin of the organisation, while it can still serve."""
    return administers(actor, old) and old["used_at"] is None and old["revoked_at"] is None


def changes_identity(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return writes_identity(world, actor, old)


def changes_profile(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """The profile of a protected file carries no address."""
    told = new["address"] != "" and new["address"] != old["address"]
    return writes_identity(world, actor, old) and not (told and is_protected(world, old["household_id"]))


def changes_household(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """Closed and reopened by the holder of the file, for a reason that is a code."""
    return writes_identity(world, actor, {**old, "household_id": old["id"]}) and is_code(new["closing_reason"])


def changes_activity(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return writes_activity(world, actor, old) and writes_activity(world, actor, new)


def changes_assessment(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """One's organisation's own: freely while a draft, validated in one's own name; then superseded, nothing else."""
    if not isinstance(actor, Member) or not of_own_organisation(actor, old):
        return False
    if "budget" not in open_parts(world, actor, old["household_id"]):
        return False
    if old["status"] == "draft":
        return new["status"] != "validated" or bool(new["validated_by"] == actor.membership_id)
    frozen = {name for name in old if old[name] != new[name]} <= {"status", "superseded_by", "version"}
    return old["status"] == "validated" and new["status"] == "superseded" and frozen


def changes_need(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return of_own_organisation(actor, old) and sees_need(world, actor, old)


def changes_referral(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """The receiver answers and closes, the sender cancels, answers, sends again and redirects (and closes what she
    handed over), the coordinator closes and redirects. What time or the agreement decided is written by whoever comes
    next; one may put back what one's own last move left. Reasons are codes: words stand behind the share.
    """
    me = actor.membership_id if isinstance(actor, Member) else None
    if not sees_referral(world, actor, old) or new["moved_by"] != me:
        return False
    reached = new["state"] in reach_of(world, actor, old) or takes_back(world, me, old, new["state"])
    return reached and all(is_code(new[name]) for name in ("refusal", "outcome", "household_says", "household_due"))


def reach_of(world: World, actor: Actor, row: Row) -> set[str]:
    """The states to which this actor may bring a referral."""
    reach: set[str] = set()
    if not row["by_hand"]:
        reach |= {"expired"} if row["expires_at"].year < FAR_PAST else set()
        reach |= {"revoked"} if is_stopped(world, row) else set()
    if not isinstance(actor, Member):
        return reach
    alone = row["to_service_id"] is not None and row["from_organisation_id"] == actor.organisation_id
    if (row["to_organisation_id"] == actor.organisation_id or alone) and not row["by_hand"]:
        reach |= {"received", "info_requested", "accepted", "in_progress", "on_hold", "refused", "closed"}
    if row["from_organisation_id"] == actor.organisation_id:
        reach |= {"cancelled"} | (
            {"closed", "by_hand", "redirected"} if row["by_hand"] else {"received", "redirected", "dropped"}
        )
        reach |= {"sent"} if not row["by_hand"] and carries(world, actor, row) else set()
    if has_role(actor, "coordinator") and not row["by_hand"]:
        reach |= {"closed", "redirected", "dropped"}
    if row["state"] in ("closed", "disputed"):
        received = row["to_organisation_id"] == actor.organisation_id and not row["by_hand"]
        side = row["from_organisation_id"] == actor.organisation_id or received
        reach |= {"closed", "disputed"} if side else set()
        reach |= {"closed", "redirected"} if has_role(actor, "coordinator") else set()
    return reach


CARRIED = {"sent", "received", "info_requested", "accepted", "in_progress", "on_hold"}


def trusted_with(world: World, row: Row) -> bool:
    """Whether the receiver is trusted today with what this referral carries."""
    need = world.one("need", id=row["need_id"])
    asked = {"identity", "needs"} | ({"sensitive"} if need["sensitive"] else set())
    file, to = row["household_id"], row["to_organisation_id"]
    return all(is_trusted(world, to, file, part) for part in asked) and somebody_reads(world, to, file)


def is_stopped(world: World, row: Row) -> bool:
    """Transmitted and under way, and its agreement no longer carries it; to a service, from a sender who is herself
    trusted no more, too."""
    if row["by_hand"] or row["state"] not in CARRIED:
        return False
    if row["to_service_id"] is None:
        return not trusted_with(world, row)
    need, file = world.one("need", id=row["need_id"]), row["household_id"]
    own = all(is_trusted(world, row["from_organisation_id"], file, part) for part in ("identity", "needs"))
    alone = any(link["agreed_on"] for link in world.all("referral_link", referral_id=row["id"]))
    return is_protected(world, file) or not own or not (alone or service_agreed(world, row, need))


def carries(world: World, actor: Actor, row: Row) -> bool:
    """Whether it may be sent again, by somebody who reads the need."""
    need = world.one("need", id=row["need_id"])
    return sees_need(world, actor, need) and passes(world, actor, row, need)


def takes_back(world: World, me: UUID | None, row: Row, back: str) -> bool:
    """Whether the last move is mine, and this the state it left."""
    events = {event["version"]: event for event in world.all("referral_event", referral_id=row["id"])}
    last, before = events.get(row["version"]), events.get(row["version"] - 1)
    if me is None or last is None or before is None or last["verb"] in ("redirect", "undo", "expire", "stop"):
        return False
    return bool(last["membership_id"] == me and before["state"] == back)


def changes_task(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """Given to a colleague, done in one's own name, or opened again."""
    undone = new["done_at"] is None and new["done_by"] is None
    mine = new["done_at"] is not None and isinstance(actor, Member) and new["done_by"] == actor.membership_id
    to_us = is_colleague(world, actor, new["assigned_to"])
    return sees_own_work(world, actor, old) and (undone or mine) and to_us


def takes_back_contact(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """By its writer, once, within a day."""
    mine = isinstance(actor, Member) and old["written_by"] == actor.membership_id == new["cancelled_by"]
    fresh = old["cancelled_at"] is None and old["written_at"].date() >= world.today
    return mine and fresh and new["cancelled_at"] is not None and sees_own_work(world, actor, old)


def changes_referent(world: World, actor: Actor, old: Row, new: Row) -> bool:
    return of_own_organisation(actor, old) and writes_referent(world, actor, new)


def changes_batch(world: World, actor: Actor, old: Row, new: Row) -> bool:
    """By its author, until it is done; an import is undone by a door alone."""
    return prepares(world, actor, old) and new["stage"] in PREPARED | {"done"}


# The columns that may change, and who may change them. None: every column but those that say whose row it is.
KEYS = {"id", "network_id", "household_id", "person_id"}
CHANGES: dict[str, tuple[set[str] | None, Change]] = {
    "account": ({"name"}, changes_account),
    "membership": ({"roles", "professional", "suspended_at", "version"}, changes_membership),
    "browser_session": ({"membership_id", "revoked_at"}, changes_session),
    "invitation": ({"revoked_at"}, changes_invitation),
    "household": ({"closed_at", "closing_reason"}, changes_household),
    "household_profile": (None, changes_profile),
    "person": (None, changes_identity),
    "stay": (None, changes_identity),
    "person_activity": (None, changes_activity),
    "outside_service": (None, changes_service),
    "notice": ({"read_at"}, lambda world, actor, old, new: own_key(actor, old)),
    "notice_preference": ({"mail"}, lambda world, actor, old, new: own_key(actor, old)),
    "protected_address": ({"address", "updated_at", "updated_by", "version"}, changes_identity),
    "safe_contact": (
        {"call", "message", "letter", "email", "words", "updated_at", "updated_by", "version"},
        changes_identity,
    ),
    "assessment": (
        {"status", "reference_date", "composition", "validated_at", "validated_by", "superseded_by", "version"},
        changes_assessment,
    ),
    "need": ({"summary"}, changes_need),
    "confirmation_link": ({"ended_at", "ended_by"}, ends_link),
    "referral_assignment": ({"membership_id", "assigned_at", "assigned_by"}, changes_assignment),
    "appointment": (
        {"starts_at", "minutes", "place", "place_id", "words_id", "held_by", "state", "excused", "proposed_by"}
        | {"moved_at", "moved_by", "version"},
        changes_appointment,
    ),
    "reception_place": (
        {"name", "address", "closed", "updated_at", "updated_by", "version"},
        changes_reception,
    ),
    "calendar_feed": (
        {"revoked_at"},
        lambda world, actor, old, new: own_key(actor, old) and new["revoked_at"] is not None,
    ),
    "reception": (
        {"weekdays", "closures", "full_until", "updated_at", "updated_by", "version"},
        changes_reception,
    ),
    "contact": ({"cancelled_at", "cancelled_by"}, takes_back_contact),
    "task": ({"assigned_to", "due_on", "done_at", "done_by", "version"}, changes_task),
    "referent": ({"membership_id", "since"}, changes_referent),
    "debt": (
        {"creditor_kind", "creditor", "amount_cents", "plan", "instalment_cents", "ended_on", "version"},
        changes_with("budget"),
    ),
    "goal": ({"words", "until_date", "state", "version"}, changes_with("needs")),
    "import_batch": (
        {
            "stage",
            "sheet",
            "other_sheets",
            "titles",
            "columns",
            "commune",
            "total",
            "checked",
            "files",
            "people",
            "finished_at",
        },
        changes_batch,
    ),
    "import_row": (
        {"cells", "said", "state", "faults", "doubles", "name_key", "household_key"},
        lambda world, actor, old, new: own_row(world, actor, old),
    ),
    "imported_file": (
        {"said"},
        lambda world, actor, old, new: (
            sees_batch(world, actor, world.one("import_batch", id=old["batch_id"]))
            and "identity" in open_parts(world, actor, old["household_id"])
        ),
    ),
    "import_columns": ({"columns"}, lambda world, actor, old, new: sees_batch(world, actor, old)),
    "referral": (
        {"state", "refusal", "outcome", "answered_at", "closed_at", "late_at", "risk_at", "expires_at", "moved_by"}
        | {"household_says", "household_due", "ask_from", "version"},
        changes_referral,
    ),
}


# ------------------------------------------------------------------ removing


def removes_stay(world: World, actor: Actor, row: Row) -> bool:
    """A time as the person of reference, by the holder."""
    return row["link"] == "reference" and writes_identity(world, actor, row)


REMOVES: dict[str, Rule] = {
    "budget_line": in_own_draft,
    "budget_line_detail": writes_detail,
    "referral_assignment": sees_assignment,
    "saved_filter": lambda world, actor, row: own_key(actor, row),
    "import_batch": prepares,
    "import_row": own_row,
    "stay": removes_stay,
}
