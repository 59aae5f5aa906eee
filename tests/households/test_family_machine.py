"""Families in time against a model: no person lost, nobody twice on a day, one reference, a past that never changes."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from coordination.households import family, life, queries, separation, service
from coordination.households.forms import (
    CloseForm,
    DeathForm,
    LeaveForm,
    PersonForm,
    ReturnForm,
    SeparationForm,
    SeparationRow,
)
from coordination.households.rules import ClosingReason, EndReason, Link, Place
from coordination.kit.clock import frozen
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow
from tests.cast import Cast
from tests.households.make import open_household

FIRST = date(2024, 1, 1)
DAY = timedelta(days=1)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
OTHERS = st.sampled_from([link for link in Link if link is not Link.REFERENCE])
Composition = frozenset[tuple[UUID, Link]]


@dataclass
class Human:
    """What the model knows of one person: the days she was there with each link, whether she is, whether she lives."""

    days: dict[date, Link] = field(default_factory=dict)
    link: Link | None = None  # None: she left
    since: date = FIRST  # with this link
    came: date = FIRST
    dead: bool = False


class Family(RuleBasedStateMachine):
    """One file; time only goes forward, so that every verb is dated later than what was already looked at."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.worker = self.cast.ccas.people["intake"]
        self.today = FIRST
        with frozen(datetime(2024, 1, 1, 12, tzinfo=UTC)):
            self.file_id = open_household(self.cast.engine, self.worker)
        with ActorSession(self.cast.engine, self.worker) as session:
            first = queries.residents(session, self.file_id)[0].person.id
        self.humans = {first: Human(link=Link.REFERENCE)}
        self.closed = False
        self.seen: dict[date, Composition] = {}

    # -------------------------------------------------------------- the verbs

    def attempt(self, act: Callable[[ActorSession], object], allowed: bool) -> bool:
        """Does an act on the present day, and holds what is accepted or refused against the model."""
        with (
            frozen(datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)),
            ActorSession(self.cast.engine, self.worker) as session,
        ):
            try:
                act(session)
                session.commit()
            except NotNow:
                session.rollback()
                assert not allowed or self.closed
                return False
        assert allowed
        assert not self.closed
        return True

    def version(self, who: UUID) -> int:
        with ActorSession(self.cast.engine, self.worker) as session:
            return queries.person_of(session, self.file_id, who).person.version

    def home(self) -> list[UUID]:
        return [who for who, human in self.humans.items() if human.link is not None]

    def pick(self, n: int) -> UUID:
        return list(self.humans)[n % len(self.humans)]

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        for _ in range(days):
            self.seen[self.today] = self.modelled(self.today)
            for human in self.humans.values():
                if human.link is not None and human.since <= self.today:
                    human.days[self.today] = human.link
            self.today += DAY

    @rule(link=OTHERS | st.just(Link.REFERENCE))
    def joins(self, link: Link) -> None:
        led = any(human.link is Link.REFERENCE for human in self.humans.values())
        made: list[UUID] = []
        form = PersonForm(family_name="Martin", link=link, from_date=self.today)
        if self.attempt(
            lambda s: made.append(service.add_person(s, self.file_id, form).id), led != (link is Link.REFERENCE)
        ):
            self.humans[made[0]] = Human(link=link, since=self.today, came=self.today)

    def ends(self, who: UUID, heir: UUID, act: Callable[[ActorSession, UUID | None], object], dies: bool) -> None:
        human = self.humans[who]
        yesterday = self.today - DAY
        staying = [one for one in self.home() if one != who]
        followed = human.link is not Link.REFERENCE or not staying or heir in staying
        there = human.link is not None and human.came <= yesterday
        allowed = there and followed and not human.dead
        if dies and human.link is None and not human.dead:
            allowed = yesterday >= human.since
        if heir in staying and human.link is Link.REFERENCE:
            allowed = allowed and self.humans[heir].since <= self.today
        if self.attempt(lambda s: act(s, heir), allowed):
            if human.link is Link.REFERENCE and staying:
                self.humans[heir].link = Link.REFERENCE
                self.humans[heir].since = self.today  # a stay of its own: nothing of hers ends before it
            human.link = None
            human.dead = human.dead or dies

    @rule(n=st.integers(0, 20), m=st.integers(0, 20))
    def leaves(self, n: int, m: int) -> None:
        who = self.pick(n)
        version = self.version(who)
        yesterday = self.today - DAY

        def act(session: ActorSession, heir: UUID | None) -> object:
            form = LeaveForm(on=yesterday, reason=EndReason.OTHER, successor=heir, version=version)
            return family.leave(session, self.file_id, who, form)

        self.ends(who, self.pick(m), act, dies=False)

    @rule(n=st.integers(0, 20), m=st.integers(0, 20))
    def dies(self, n: int, m: int) -> None:
        who = self.pick(n)
        version = self.version(who)
        yesterday = self.today - DAY

        def act(session: ActorSession, heir: UUID | None) -> object:
            form = DeathForm(on=yesterday, successor=heir, version=version)
            return family.die(session, self.file_id, who, form)

        if self.humans[who].link is not None:
            self.ends(who, self.pick(m), act, dies=True)

    @rule(n=st.integers(0, 20), link=OTHERS | st.just(Link.REFERENCE))
    def comes_back(self, n: int, link: Link) -> None:
        who = self.pick(n)
        human = self.humans[who]
        form = ReturnForm(on=self.today, link=link, version=self.version(who))
        led = any(one.link is Link.REFERENCE for one in self.humans.values())
        allowed = human.link is None and not human.dead and led != (link is Link.REFERENCE)
        if self.attempt(lambda s: family.come_back(s, self.file_id, who, form), allowed):
            human.link, human.since, human.came = link, self.today, self.today

    @rule(n=st.integers(0, 20))
    def goes_and_opens_another_file(self, n: int) -> None:
        """A separation: one of them leads a new file from today on, and was here until yesterday."""
        who, home = self.pick(n), self.home()
        human = self.humans[who]
        rows = [
            SeparationRow(
                person=one,
                place=Place.GOES if one == who else Place.STAYS,
                link=Link.REFERENCE if one == who else None,
            )
            for one in home
        ]
        if len(home) < 2 or who not in home:
            return
        form = SeparationForm(on=self.today, commune="Lens", people=rows)
        made: list[UUID] = []
        allowed = human.link is not Link.REFERENCE and human.since < self.today
        if self.attempt(lambda s: made.append(separation.separate(s, self.file_id, form).id), allowed):
            human.link = None
            with ActorSession(self.cast.engine, self.worker) as session:
                (alone,) = queries.residents(session, made[0])
            assert (alone.link, alone.stay.from_date, alone.stay.until_date) == (Link.REFERENCE, self.today, None)

    @rule(n=st.integers(0, 20))
    def is_corrected(self, n: int) -> None:
        """A correction of a name changes nobody's days."""
        who = self.pick(n)
        with ActorSession(self.cast.engine, self.worker) as session:
            found = queries.person_of(session, self.file_id, who)
        form = PersonForm(
            family_name="Martin-Petit",
            link=found.link,
            until_date=found.stay.until_date,
            version=found.person.version,
        )
        self.attempt(lambda s: service.update_person(s, self.file_id, who, form), allowed=True)

    @rule()
    def is_closed_or_opened_again(self) -> None:
        if self.closed:
            self.closed = False
            self.attempt(lambda s: life.reopen(s, self.file_id), allowed=True)
        else:
            form = CloseForm(reason=ClosingReason.OTHER)
            self.attempt(lambda s: life.close(s, self.file_id, form), allowed=True)
            self.closed = True

    # -------------------------------------------------------------- what always holds

    def modelled(self, on: date) -> Composition:
        if on < self.today:
            return frozenset((who, human.days[on]) for who, human in self.humans.items() if on in human.days)
        return frozenset(
            (who, human.link) for who, human in self.humans.items() if human.link is not None and human.since <= on
        )

    @invariant()
    def the_file_says_what_the_model_says(self) -> None:
        with ActorSession(self.cast.engine, self.worker) as session:
            everybody = queries.residents(session, self.file_id)
        assert {r.person.id for r in everybody} == set(self.humans)  # nobody is lost
        days = sorted({self.today, *list(self.seen)[-3:], *list(self.seen)[:: max(1, len(self.seen) // 8)]})
        for on in days:
            there = [r for r in everybody if r.stay.from_date <= on and (r.stay.until_date or date.max) >= on]
            assert len({r.person.id for r in there}) == len(there)  # nobody is there twice
            assert sum(r.link is Link.REFERENCE for r in there) <= 1
            shown = frozenset((r.person.id, r.link) for r in there)
            assert shown == (self.seen[on] if on in self.seen else self.modelled(on)), on


@pytest.fixture(scope="module")
def machine(cast: Cast) -> type[Family]:
    return type("FamilyHere", (Family,), {"cast": cast})


@pytest.mark.hypothesis  # so that `make fuzz` finds it
def test_families_in_time_hold_against_the_model(machine: type[Family]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=300 if THOROUGH else 12,
            stateful_step_count=40 if THOROUGH else 25,
            deadline=None,
            phases=tuple(Phase) if THOROUGH else (Phase.explicit, Phase.generate),  # shrinking: for the long run
            suppress_health_check=list(HealthCheck),
        ),
    )
