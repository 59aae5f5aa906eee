"""A referral driven by both sides, a coordinator, the household, time and withdrawals, against a model of the table."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from coordination.kit.actor import Actor, Member, Service
from coordination.kit.clock import frozen, now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotNow
from coordination.referrals import confirming, moves, queries, service
from coordination.referrals.household import Due, Explanation, Said, code_of
from coordination.referrals.machine import DERIVED, EXPIRING_STATES, UNDO_WITHIN, Side, State
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain, Outcome, Pause, Question, Refusal
from coordination.sharing.service import withdraw_agreement
from tests.cast import Cast
from tests.conftest import Base
from tests.households.make import open_household
from tests.referrals.make import note_need
from tests.referrals.test_machine import ALLOWED
from tests.sharing.make import agree

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
R, S, C = Side.RECEIVER, Side.SENDER, Side.COORDINATOR
DEEDS: dict[str, Callable[[ActorSession, UUID, int], Referral]] = {
    "receive": moves.receive,
    "accept": moves.accept,
    "ask": lambda s, i, v: moves.ask(s, i, v, Question.PAPERS),
    "refuse": lambda s, i, v: moves.refuse(s, i, v, Refusal.CAPACITY),
    "start": moves.start,
    "hold": lambda s, i, v: moves.hold(s, i, v, Pause.PLACE),
    "resume": moves.resume,
    "close": lambda s, i, v: moves.close(s, i, v, Outcome.PARTIAL),
    "answer": moves.answer,
    "cancel": moves.cancel,
    "reopen": moves.reopen,
    "explain": lambda s, i, v: moves.explain(s, i, v, Explanation.IMPOSSIBLE),
}
HEARS = ("confirm", "dispute", "miss", "unreached", "recall")
SAID, WISH = st.sampled_from(Said), st.booleans()
CODED = {"ask": Question.PAPERS, "refuse": Refusal.CAPACITY, "hold": Pause.PLACE, "close": Outcome.PARTIAL}


class Loop(RuleBasedStateMachine):
    """One need, its first referral, and whatever it is redirected to; time only goes forward, and never past now."""

    cast: Cast
    base: Base

    @initialize(closed=st.sampled_from([True, True, False]))
    def begin(self, closed: bool) -> None:
        """Often already closed: what the household says comes last, and few walks would go so far by chance."""
        self.worker = self.cast.ccas.people["intake"]
        self.people: dict[Side, Member] = {
            S: self.worker,
            R: self.cast.epicerie.people["volunteer"],
            C: self.cast.bonne_action.people["coordinator"],
        }
        self.at = now() - timedelta(days=900)
        self.file = open_household(self.cast.engine, self.worker)
        self.agreement: UUID | None = agree(self.cast.engine, self.worker, self.file, [self.cast.epicerie])
        self.need = note_need(self.cast.engine, self.worker, self.file, Domain.HOUSING)
        with frozen(self.at), ActorSession(self.cast.engine, self.worker) as session:
            row = service.send_referral(session, self.need, self.cast.epicerie.id)
            session.commit()
            self.id, self.expires_at = row.id, row.expires_at
        # What the model keeps: the stored state, the version, and each step as (verb, state, who).
        self.state, self.version = State.SENT, 1
        self.steps: list[tuple[str, State, UUID | None]] = [("send", State.SENT, self.worker.membership_id)]
        self.last_at = self.at
        self.children = 0
        # What the household answered and what is still owed to it, after each step; and its link on paper.
        self.heard: list[tuple[Said | None, Due | None]] = [(None, None)]
        with ActorSession(self.cast.engine, self.worker) as session:
            row = session.get_one(Referral, self.id)
            self.secret = confirming.paper_link(session, row, "").rpartition("/")[-1]
            session.commit()
        for verb in ("accept", "close") if closed else ():
            self.move(verb, R, 0)

    # -------------------------------------------------------------- what the model says

    @property
    def truly(self) -> State:
        if self.state not in (*EXPIRING_STATES, State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD):
            return self.state
        if self.agreement is None:
            return State.REVOKED
        return State.EXPIRED if self.state in EXPIRING_STATES and self.expires_at <= self.at else self.state

    def settle(self) -> None:
        """The model writes what nobody decided, as the machine does before a move."""
        truly = self.truly
        if truly is not self.state:
            self.step(DERIVED[truly], truly, None)

    def step(self, verb: str, state: State, by: UUID | None, said: Said | None = None, wish: bool = False) -> None:
        self.steps.append((verb, state, by))
        says, due = self.heard[-1]
        if verb in ("confirm", "dispute"):
            says, due = said, Due.CALL if wish and verb == "confirm" else None
        elif verb in ("close", "reopen"):
            says, due = None, Due.ANSWER if verb == "close" else None
        elif verb in ("unreached", "recall", "explain", "redirect"):
            due = None
        self.heard.append(self.heard[-2] if verb == "undo" else (says, due))
        self.state, self.version, self.last_at = state, self.version + 1, self.at

    def attempt(self, actor: Actor, act: Callable[[ActorSession], object], allowed: bool) -> None:
        with frozen(self.at), ActorSession(self.cast.engine, actor) as session:
            try:
                act(session)
                session.commit()
            except (NotNow, NotAllowed):
                session.rollback()
                assert not allowed
                return
        assert allowed

    # -------------------------------------------------------------- the people

    @rule(
        verb=st.sampled_from(sorted(DEEDS)), side=st.sampled_from(Side), stale=st.sampled_from([0, 0, 0, 0, 0, -1, 1])
    )
    def move(self, verb: str, side: Side, stale: int) -> None:
        truly = self.truly
        target = ALLOWED.get((verb, truly, side))
        covered = verb != "reopen" or self.agreement is not None
        allowed = target is not None and stale == 0 and covered and self.version + stale > 0
        self.attempt(self.people[side], lambda s: DEEDS[verb](s, self.id, self.version + stale), allowed)
        if allowed and target is not None:
            self.settle()
            self.step(verb, target, self.people[side].membership_id)
            if verb in ("answer", "reopen"):
                self.refresh()

    @rule(pick=st.integers(0, 30))
    def legal_move(self, pick: int) -> None:
        """One of those the table opens now, so that a few steps lead far."""
        if self.truly is State.CLOSED and pick % 4 < 2:
            said, wish = tuple(Said)[pick % 5 - 1], pick % 3 == 0
            self.hear(S, said, wish) if pick % 4 else self.answers_by_link(said, wish)
            return
        open_now = [(verb, side) for verb, state, side in ALLOWED if state is self.truly and verb in DEEDS]
        if open_now:
            self.move(*open_now[pick % len(open_now)], 0)

    @rule(side=st.sampled_from(Side))
    def undo(self, side: Side) -> None:
        verb, _, by = self.steps[-1]
        fresh = self.at - self.last_at <= UNDO_WITHIN and verb in (*DEEDS, *HEARS)
        allowed = fresh and by == self.people[side].membership_id and self.truly is self.state
        self.attempt(self.people[side], lambda s: moves.undo(s, self.id, self.version), allowed)
        if allowed:
            self.step("undo", self.steps[-2][1], by)

    @rule(side=st.sampled_from([S, C]))
    def redirect(self, side: Side) -> None:
        """The coordinator's organisation reads nothing of this file: she is refused whatever the state."""
        allowed = side is S and ("redirect", self.truly, S) in ALLOWED and self.children == 0
        if self.children:
            return
        to = self.cast.secours.id
        self.attempt(self.people[side], lambda s: moves.redirect(s, self.id, self.version, to), allowed)
        if allowed:
            self.settle()
            self.step("redirect", State.REDIRECTED, self.worker.membership_id)
            self.children += 1

    def refresh(self) -> None:
        """An answer and a reopening give the partner its time again."""
        self.expires_at = self.base.admin("select expires_at from referral where id = %s", self.id)[0][0]  # type: ignore[assignment]
        assert self.expires_at > self.at

    # -------------------------------------------------------------- the household, asked or by itself

    def heard_at(self, side: Side, verb: str) -> bool:
        """Whether this side may write down what the household says, and it has said nothing yet."""
        return (verb, self.truly, side) in ALLOWED and self.heard[-1][0] is None

    @rule(side=st.sampled_from(Side), said=SAID, wish=WISH)
    def hear(self, side: Side, said: Said, wish: bool) -> None:
        """It was closed as a part of the help, whoever closed it: a no is less."""
        verb = "dispute" if said is Said.NO else "confirm"
        allowed = self.heard_at(side, verb)
        self.attempt(self.people[side], lambda s: confirming.record(s, self.id, self.version, said, wish), allowed)
        if allowed:
            self.step(verb, ALLOWED[verb, State.CLOSED, side], self.people[side].membership_id, said, wish)

    @rule(side=st.sampled_from(Side))
    def nobody_answers(self, side: Side) -> None:
        tried = 0
        for verb, _, _ in self.kept_steps():
            tried = 0 if verb == "close" else tried + (verb in ("miss", "unreached"))
        allowed = self.heard_at(side, "miss") and tried < confirming.policy().attempts
        self.attempt(self.people[side], lambda s: confirming.not_reached(s, self.id, self.version), allowed)
        if allowed:
            last = tried + 1 == confirming.policy().attempts
            self.step("unreached" if last else "miss", State.CLOSED, self.people[side].membership_id)

    def kept_steps(self) -> list[tuple[str, State, UUID | None]]:
        found: list[tuple[str, State, UUID | None]] = []
        for step in self.steps:
            if step[0] == "undo":
                found.pop()
            else:
                found.append(step)
        return found

    @rule(side=st.sampled_from(Side))
    def call_back(self, side: Side) -> None:
        allowed = ("recall", self.truly, side) in ALLOWED and self.heard[-1][1] is Due.CALL
        self.attempt(self.people[side], lambda s: moves.recall(s, self.id, self.version), allowed)
        if allowed:
            self.step("recall", State.CLOSED, self.people[side].membership_id)

    @rule(said=SAID, wish=WISH)
    def answers_by_link(self, said: Said, wish: bool) -> None:
        """Once it is closed; again as long as nobody did anything since its own answer. The same twice is told once."""
        link = confirming.opened(self.cast.engine, self.secret)
        assert link is not None
        verb, _, by = self.steps[-1]
        own = by is None and verb in ("confirm", "dispute")
        allowed = self.state in (State.CLOSED, State.DISPUTED) and (self.heard[-1][0] is None or own)
        assert link.asks == allowed
        before = self.base.admin("select reason from referral_event where referral_id = %s order by version", self.id)
        done = confirming.answer_by_link(self.cast.engine, link, self.secret, said, wish)
        assert done == allowed
        if allowed and not (own and before[-1] == (code_of(said, call_back=wish),)):
            less = said is Said.NO
            self.step("dispute" if less else "confirm", State.DISPUTED if less else State.CLOSED, None, said, wish)

    # -------------------------------------------------------------- time, the agreement, the worker

    @rule(days=st.sampled_from([0, 0, 1, 8, 20]), minutes=st.sampled_from([0, 5, 11]))
    def wait(self, days: int, minutes: int) -> None:
        self.at = min(self.at + timedelta(days=days, minutes=minutes), datetime.now(UTC))

    @precondition(lambda self: self.agreement is not None)
    @rule()
    def withdraw(self) -> None:
        with ActorSession(self.cast.engine, self.worker) as session:
            assert self.agreement is not None
            withdraw_agreement(session, self.file, self.agreement)
            session.commit()
        self.agreement = None

    @precondition(lambda self: self.agreement is None)
    @rule()
    def agree_again(self) -> None:
        self.agreement = agree(self.cast.engine, self.worker, self.file, [self.cast.epicerie])

    @rule()
    def worker_passes(self) -> None:
        """Other examples' referrals are settled too, in the same network: only this one is looked at."""
        with frozen(self.at), ActorSession(self.cast.engine, Service("worker", self.worker.network_id)) as session:
            moves.settle_due(session)
            session.commit()
        self.settle()

    # -------------------------------------------------------------- what always holds

    @invariant()
    def everybody_reads_the_same_true_state(self) -> None:
        for member in self.people.values():
            with frozen(self.at), ActorSession(self.cast.engine, member) as session:
                view = queries.show(session, self.id)
            assert view.line.state is self.truly
            shown = [move.verb for move in view.moves]
            derived = [] if self.truly is self.state else [DERIVED[self.truly]]
            assert shown[::-1] == [verb for verb, _, _ in self.steps] + derived
            if member is self.people[R] and self.agreement is None:
                assert (view.need, view.line.name, view.words) == (None, None, [])

    @invariant()
    def every_transition_is_written_and_journalled_once(self) -> None:
        [(state, version, says, due, events, journal, children)] = self.base.admin(
            "select state, version, household_says, household_due,"
            " (select array_agg(row(verb, state, membership_id)::text order by version)"
            "  from referral_event e where e.referral_id = r.id),"
            " (select array_agg(verb order by number) from journal j where j.subject_id = r.id::text),"
            " (select count(*) from referral c where c.parent_id = r.id and c.by_hand and c.need_id = r.need_id)"
            " from referral r where id = %s",
            self.id,
        )
        assert (state, version) == (self.state.value, self.version)
        assert (says, due) == self.heard[-1]
        assert events == [f"({verb},{state},{by or ''})" for verb, state, by in self.steps]
        assert journal == [f"referral.{verb}" for verb, _, _ in self.steps]
        assert children == self.children, "nothing passes without an agreement"


@pytest.fixture(autouse=True)
def stage(cast: Cast, shared_base: Base) -> None:
    Loop.cast, Loop.base = cast, shared_base


def test_no_illegal_state_no_lost_referral_and_one_line_for_each_transition() -> None:
    run_state_machine_as_test(
        Loop,
        settings=settings(
            max_examples=200 if THOROUGH else 6,
            stateful_step_count=40 if THOROUGH else 18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=tuple(Phase) if THOROUGH else (Phase.explicit, Phase.generate),
        ),
    )
