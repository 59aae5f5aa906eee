"""The queue: counts equal the lists, pages lose and repeat nothing, the same rule in SQL and in Python."""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.kit.actor import Member
from coordination.kit.clock import now
from coordination.kit.db import acting
from coordination.kit.errors import NotKnown
from coordination.referrals import queries, queue
from coordination.referrals.baskets import BASKETS, EXPIRES_SOON, Basket, Clocks, basket_of
from coordination.referrals.delays import confirmation
from coordination.referrals.household import Due, due_now
from coordination.referrals.machine import CARRIED_STATES, Side, State, standing
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain, Outcome
from tests.cast import Cast, Organised
from tests.conftest import Base
from tests.directory.make import outside
from tests.households.make import open_household
from tests.referrals.make import note_need, send
from tests.sharing.make import agree

NOW = now().replace(microsecond=0)
DOMAINS = [Domain.HOUSING, Domain.FOOD, Domain.HEALTH]
# A few moments only, so that many referrals were sent at the same instant: the id decides.
MOMENTS = [NOW - timedelta(days=d) for d in (30, 9, 8)]
SECOND = timedelta(seconds=1)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
CLOCKS = [
    Clocks(NOW + late, NOW + risk, NOW + ends)
    for late, risk, ends in (
        (SECOND, 9 * EXPIRES_SOON, 9 * EXPIRES_SOON),
        (0 * SECOND, 9 * EXPIRES_SOON, 9 * EXPIRES_SOON),
        (-SECOND, 0 * SECOND, 9 * EXPIRES_SOON),
        (-SECOND, -SECOND, EXPIRES_SOON),
        (-SECOND, -SECOND, EXPIRES_SOON + SECOND),
        (-SECOND, -SECOND, 0 * SECOND),
    )
]


@pytest.fixture(scope="module")
def referrals(shared_base: Base, cast: Cast) -> list[UUID]:
    """Twenty-four referrals from the CCAS and the committee, to the grocery, to others and to an outside service."""
    made: list[UUID] = []
    service = outside(cast.engine, cast.ccas.people["coordinator"])
    for holder, others in ((cast.ccas, [cast.epicerie, cast.secours]), (cast.secours, [cast.epicerie, cast.ccas])):
        worker = holder.people["intake"]
        household = open_household(cast.engine, worker, "Diallo", "Awa")
        agree(cast.engine, worker, household, [*others, service])
        both: list[Sequence[Organised | UUID]] = [others, [others[0], service]]
        for to in both:
            for domain in DOMAINS:
                need = note_need(cast.engine, worker, household, domain)
                made += [row.id for row in send(cast.engine, worker, need, to)]
    return made


@pytest.fixture(scope="module")
def watchers(cast: Cast) -> dict[Side, Member]:
    return {
        Side.RECEIVER: cast.epicerie.people["volunteer"],
        Side.SENDER: cast.ccas.people["intake"],
        Side.COORDINATOR: cast.bonne_action.people["coordinator"],
    }


def walk(member: Member, cast: Cast, side: Side, basket: Basket, domain: Domain | None, size: int) -> list[Referral]:
    """Every page of a basket, one after the other."""
    return [line.row for found in pages(member, cast, side, basket, domain, size) for line in found.lines]


def pages(
    member: Member, cast: Cast, side: Side, basket: Basket, domain: Domain | None, size: int
) -> Iterator[queue.QueuePage]:
    after: queue.Cursor | None = None
    with acting(cast.engine, member) as session:
        while True:
            found = queue.page_of(session, side, basket, filters=queue.Filters(domain), after=after, at=NOW, size=size)
            assert len(found.lines) <= size
            yield found
            if found.next is None:
                return
            assert len(found.lines) == size
            after = found.next


def dressed(member: Member, cast: Cast, side: Side, basket: Basket) -> list[queries.Line]:
    """Every line of a basket, as a page shows it."""
    return [line for found in pages(member, cast, side, basket, None, 25) for line in found.lines]


Known = dict[UUID, tuple[State, Clocks, bool, str]]
WITHIN = confirmation(NOW.date()).asked_within


def expected(base: Base, member: Member, side: Side, domain: Domain | None, stopped: set[UUID]) -> Known:
    """What a side's queue holds, read past the wall and judged in plain Python: where each truly stands, its delays,
    whether nobody else that this side may see carries its need, what is owed to the household."""
    rows = base.admin(
        "select id, state, from_organisation_id, to_organisation_id, by_hand, public_domain, network_id, need_id,"
        " outcome, late_at, risk_at, expires_at, household_due, ask_from, closed_at from referral"
    )
    mine = member.organisation_id
    belongs = {
        Side.RECEIVER: lambda r: r[3] == mine and not r[4],
        Side.SENDER: lambda r: r[2] == mine,
        Side.COORDINATOR: lambda r: r[6] == member.network_id,
    }[side]
    visible = [r for r in rows if side is Side.COORDINATOR or r[2] == mine or (r[3] == mine and not r[4])]
    truly = {
        r[0]: standing(State(r[1]), by_hand=bool(r[4]), expires_at=r[11], stopped=r[0] in stopped, now=NOW)  # type: ignore[arg-type]
        for r in rows
    }
    helped = {Outcome.GOT_HELP.value, Outcome.PARTIAL.value}
    return {
        r[0]: (  # type: ignore[misc]
            truly[r[0]],
            Clocks(*r[9:12]),  # type: ignore[arg-type]
            not any(o[7] == r[7] and o[0] != r[0] and (truly[o[0]].is_open or o[8] in helped) for o in visible),
            due_now(r[12], r[13], r[14], NOW, WITHIN),  # type: ignore[arg-type]
        )
        for r in rows
        if belongs(r) and domain in (None, r[5])  # type: ignore[no-untyped-call]
    }


def scatter(base: Base, referrals: list[UUID], data: st.DataObject) -> None:
    """Gives every referral a state it could be in, a moment, delays, perhaps an outcome, past the wall at once."""
    by_hand = {row[0] for row in base.admin("select id from referral where by_hand")}
    sent, paper = ([s for s in State if s is not other] for other in (State.BY_HAND, State.SENT))
    paper = [s for s in paper if s not in CARRIED_STATES]
    states = [data.draw(st.sampled_from(paper if i in by_hand else sent)).value for i in referrals]
    outcomes = [data.draw(st.sampled_from(Outcome)).value if s == State.CLOSED else None for s in states]
    owed = [data.draw(st.sampled_from([None, *Due])) if s == State.CLOSED else None for s in states]
    closed = [data.draw(st.sampled_from([NOW, NOW - WITHIN])) if s == State.CLOSED else None for s in states]
    ask = [data.draw(st.sampled_from([NOW, NOW + SECOND])) if due else None for due in owed]
    size = len(referrals)
    moments = data.draw(st.lists(st.sampled_from(MOMENTS), min_size=size, max_size=size))
    clocks = data.draw(st.lists(st.sampled_from(CLOCKS), min_size=size, max_size=size))
    base.admin(
        "update referral r set state = v.state, sent_at = v.sent_at, outcome = v.outcome, late_at = v.late,"
        " risk_at = v.risk, expires_at = v.ends, household_due = v.due, closed_at = v.closed, ask_from = v.ask"
        " from (select unnest(%s::uuid[]) id, unnest(%s::text[]) state,"
        " unnest(%s::timestamptz[]) sent_at, unnest(%s::text[]) outcome, unnest(%s::timestamptz[]) late,"
        " unnest(%s::timestamptz[]) risk, unnest(%s::timestamptz[]) ends,"
        " unnest(%s::text[]) due, unnest(%s::timestamptz[]) closed, unnest(%s::timestamptz[]) ask) v where v.id = r.id",
        referrals,
        states,
        moments,
        outcomes,
        *([getattr(c, name) for c in clocks] for name in ("late_at", "risk_at", "expires_at")),
        owed,
        closed,
        ask,
    )


def withdraw(base: Base, referrals: list[UUID], data: st.DataObject) -> set[UUID]:
    """Ends or restores, past the wall, what some receivers were trusted with; answers the referrals that stop."""
    chosen = data.draw(st.sets(st.sampled_from(referrals), max_size=6))
    base.admin("update share set revoked_at = null where ground = 'agreement'")
    base.admin(
        "update share s set revoked_at = now() from referral r where r.id = any(%s::uuid[]) and s.ground = 'agreement'"
        " and s.household_id = r.household_id and s.organisation_id = r.to_organisation_id and s.scope = 'needs'",
        list(chosen),
    )
    base.admin("update agreement_service set revoked_at = null")
    base.admin(
        "update agreement_service s set revoked_at = now() from referral r where r.id = any(%s::uuid[])"
        " and s.household_id = r.household_id and s.service_id = r.to_service_id",
        list(chosen),
    )
    rows = base.admin(
        "select r.id from referral r join agreement_service s on s.household_id = r.household_id"
        " and s.service_id = r.to_service_id where not by_hand and s.revoked_at is not null"
        " union select r.id from referral r where not by_hand and to_service_id is null"
        " and not exists (select from share s where s.household_id = r.household_id and s.revoked_at is null"
        " and s.organisation_id = r.to_organisation_id and s.scope = 'needs')"
    )
    return {row[0] for row in rows}  # type: ignore[misc]


@settings(max_examples=200 if THOROUGH else 12)
@given(data=st.data())
def test_counts_always_equal_the_lists_and_the_rule(
    shared_base: Base, cast: Cast, referrals: list[UUID], watchers: dict[Side, Member], data: st.DataObject
) -> None:
    scatter(shared_base, referrals, data)
    stopped = withdraw(shared_base, referrals, data)
    side = data.draw(st.sampled_from(Side))
    domain = data.draw(st.sampled_from([None, Domain.HOUSING, Domain.OTHER]))
    size = data.draw(st.integers(1, 7))
    member = watchers[side]
    with acting(cast.engine, member) as session:
        counts = {c.basket: c.count for c in queue.count_baskets(session, side, queue.Filters(domain), NOW)}
    known = expected(shared_base, member, side, domain, stopped)
    for basket in BASKETS[side]:
        listed = walk(member, cast, side, basket, domain, size)
        assert len(listed) == counts[basket]
        assert {row.id for row in listed} == {
            i
            for i, (state, clocks, alone, due) in known.items()
            if basket_of(side, state, clocks, NOW, alone=alone, due=due) == basket
        }
        places = [(row.sent_at, row.id.int) for row in listed]
        assert places == sorted(set(places), reverse=basket.newest_first)
    assert sum(counts.values()) == len(known)


def test_nobody_but_a_coordinator_looks_at_the_whole_network(cast: Cast) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        assert queue.sides_open(session) == [Side.RECEIVER, Side.SENDER]
        with pytest.raises(NotKnown):
            queue.count_baskets(session, Side.COORDINATOR)


def test_a_coordinator_of_another_network_counts_nothing(cast: Cast, referrals: list[UUID]) -> None:
    with acting(cast.engine, cast.elsewhere.people["coordinator"]) as session:
        found = queue.today(session)
    assert sum(c.count for c in (*found.received, *found.sent, *found.network)) == 0
    assert referrals


def test_today_says_the_same_as_the_queue(cast: Cast, referrals: list[UUID]) -> None:
    def of(who: Organised, role: str) -> queue.Today:
        with acting(cast.engine, who.people[role]) as session:
            return queue.today(session)

    worker, coordinator = of(cast.ccas, "intake"), of(cast.bonne_action, "coordinator")
    assert sum(c.count for c in worker.sent) == len(referrals) / 2
    assert worker.network == []
    assert sum(c.count for c in coordinator.network) == len(referrals)
    assert sum(c.count for c in coordinator.received) == 0


def test_a_list_names_only_the_households_one_may_see(
    shared_base: Base, cast: Cast, referrals: list[UUID], watchers: dict[Side, Member]
) -> None:
    shared_base.admin("update referral set state = 'accepted'")
    shared_base.admin("update share set revoked_at = null where ground = 'agreement'")
    shared_base.admin("update agreement_service set revoked_at = null")
    under_way = next(b for b in BASKETS[Side.SENDER] if State.ACCEPTED in b.states)
    theirs = dressed(watchers[Side.RECEIVER], cast, Side.RECEIVER, under_way)
    strange = dressed(watchers[Side.COORDINATOR], cast, Side.COORDINATOR, under_way)
    assert {line.title for line in theirs} == {"DIALLO Awa"}
    assert {line.title for line in strange} == {f"Foyer {line.row.household_code}" for line in strange}
    assert {line.domain for line in strange} == {Domain.HOUSING, Domain.FOOD, Domain.OTHER}
    own = dressed(watchers[Side.SENDER], cast, Side.SENDER, under_way)
    assert {line.domain for line in own} == set(DOMAINS)
    assert len(strange) == len(referrals)
