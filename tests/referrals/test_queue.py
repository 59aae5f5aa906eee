"""The queue: counts equal the lists, pages lose and repeat nothing, the same rule in SQL and in Python."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.kit.actor import Member
from coordination.kit.clock import now
from coordination.kit.db import acting
from coordination.kit.errors import NotKnown
from coordination.referrals import queries
from coordination.referrals.models import Referral
from coordination.referrals.rules import BASKETS, SILENCE, Basket, Domain, Side, State, basket_of
from tests.cast import Cast, Organised
from tests.conftest import Base
from tests.households.make import open_household
from tests.referrals.make import note_need, send
from tests.sharing.make import agree

NOW = now().replace(microsecond=0)
DOMAINS = [Domain.HOUSING, Domain.FOOD, Domain.HEALTH]
# A few moments only, so that many referrals were sent at the same instant: the id decides.
MOMENTS = [NOW - SILENCE + timedelta(seconds=s) for s in (-86_400, -1, 0, 1, 86_400)]


@pytest.fixture(scope="module")
def referrals(shared_base: Base, cast: Cast) -> list[UUID]:
    """Twenty-four referrals from the CCAS and from the committee, to the grocery and to others."""
    made: list[UUID] = []
    for holder, others in ((cast.ccas, [cast.epicerie, cast.secours]), (cast.secours, [cast.epicerie, cast.ccas])):
        worker = holder.people["intake"]
        household = open_household(cast.engine, worker, "Diallo", "Awa")
        agree(cast.engine, worker, household, others)
        for domain in DOMAINS * 2:
            need = note_need(cast.engine, worker, household, domain)
            made += [row.id for row in send(cast.engine, worker, need, others)]
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
) -> Iterator[queries.QueuePage]:
    after: queries.Cursor | None = None
    with acting(cast.engine, member) as session:
        while True:
            found = queries.page_of(session, side, basket, domain=domain, after=after, at=NOW, size=size)
            assert len(found.lines) <= size
            yield found
            if found.next is None:
                return
            assert len(found.lines) == size
            after = found.next


def dressed(member: Member, cast: Cast, side: Side, basket: Basket) -> list[queries.Line]:
    """Every line of a basket, as a page shows it."""
    return [line for found in pages(member, cast, side, basket, None, 25) for line in found.lines]


def expected(base: Base, member: Member, side: Side, domain: Domain | None) -> list[tuple[UUID, State, datetime]]:
    """What a side's queue holds, read past the wall and judged in plain Python."""
    rows = base.admin(
        "select id, state, sent_at, from_organisation_id, to_organisation_id, by_hand, public_domain, network_id"
        " from referral"
    )
    mine = member.organisation_id
    belongs = {
        Side.RECEIVER: lambda r: r[4] == mine and not r[5],
        Side.SENDER: lambda r: r[3] == mine,
        Side.COORDINATOR: lambda r: r[7] == member.network_id,
    }[side]
    return [
        (r[0], State(r[1]), r[2])  # type: ignore[misc, arg-type]
        for r in rows
        if belongs(r) and domain in (None, r[6])  # type: ignore[no-untyped-call]
    ]


def scatter(base: Base, referrals: list[UUID], data: st.DataObject) -> None:
    """Gives every referral a state it could be in and a moment, past the wall, in one statement."""
    by_hand = {row[0] for row in base.admin("select id from referral where by_hand")}
    sent, paper = ([s for s in State if s is not other] for other in (State.BY_HAND, State.SENT))
    states = [data.draw(st.sampled_from(paper if i in by_hand else sent)).value for i in referrals]
    moments = data.draw(st.lists(st.sampled_from(MOMENTS), min_size=len(referrals), max_size=len(referrals)))
    base.admin(
        "update referral r set state = v.state, sent_at = v.sent_at from"
        " (select unnest(%s::uuid[]) id, unnest(%s::text[]) state, unnest(%s::timestamptz[]) sent_at) v"
        " where v.id = r.id",
        referrals,
        states,
        moments,
    )


@given(data=st.data())
def test_counts_always_equal_the_lists_and_the_rule(
    shared_base: Base, cast: Cast, referrals: list[UUID], watchers: dict[Side, Member], data: st.DataObject
) -> None:
    scatter(shared_base, referrals, data)
    side = data.draw(st.sampled_from(Side))
    domain = data.draw(st.sampled_from([None, Domain.HOUSING, Domain.OTHER]))
    size = data.draw(st.integers(1, 7))
    member = watchers[side]
    with acting(cast.engine, member) as session:
        counts = {c.basket: c.count for c in queries.count_baskets(session, side, domain, NOW)}
    known = expected(shared_base, member, side, domain)
    for basket in BASKETS[side]:
        listed = walk(member, cast, side, basket, domain, size)
        assert len(listed) == counts[basket]
        assert {row.id for row in listed} == {
            i for i, state, sent in known if basket_of(side, state, sent, NOW) == basket
        }
        places = [(row.sent_at, row.id.int) for row in listed]
        assert places == sorted(set(places), reverse=basket.newest_first)
    assert sum(counts.values()) == len(known)


def test_nobody_but_a_coordinator_looks_at_the_whole_network(cast: Cast) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        assert queries.sides_open(session) == [Side.RECEIVER, Side.SENDER]
        with pytest.raises(NotKnown):
            queries.count_baskets(session, Side.COORDINATOR)


def test_a_coordinator_of_another_network_counts_nothing(cast: Cast, referrals: list[UUID]) -> None:
    with acting(cast.engine, cast.elsewhere.people["coordinator"]) as session:
        found = queries.today(session)
    assert sum(c.count for c in (*found.received, *found.sent, *found.network)) == 0
    assert referrals


def test_today_says_the_same_as_the_queue(cast: Cast, referrals: list[UUID]) -> None:
    def of(who: Organised, role: str) -> queries.Today:
        with acting(cast.engine, who.people[role]) as session:
            return queries.today(session)

    worker, coordinator = of(cast.ccas, "intake"), of(cast.bonne_action, "coordinator")
    assert sum(c.count for c in worker.sent) == len(referrals) / 2
    assert worker.network == []
    assert sum(c.count for c in coordinator.network) == len(referrals)
    assert sum(c.count for c in coordinator.received) == 0


def test_a_list_names_only_the_households_one_may_see(
    shared_base: Base, cast: Cast, referrals: list[UUID], watchers: dict[Side, Member]
) -> None:
    shared_base.admin("update referral set state = 'accepted'")
    under_way = next(b for b in BASKETS[Side.SENDER] if b.states == (State.ACCEPTED,))
    theirs = dressed(watchers[Side.RECEIVER], cast, Side.RECEIVER, under_way)
    strange = dressed(watchers[Side.COORDINATOR], cast, Side.COORDINATOR, under_way)
    assert {line.title for line in theirs} == {"DIALLO Awa"}
    assert {line.title for line in strange} == {f"Foyer {line.row.household_code}" for line in strange}
    assert {line.domain for line in strange} == {Domain.HOUSING, Domain.FOOD, Domain.OTHER}
    own = dressed(watchers[Side.SENDER], cast, Side.SENDER, under_way)
    assert {line.domain for line in own} == set(DOMAINS)
    assert len(strange) == len(referrals)
