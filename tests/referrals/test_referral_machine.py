"""A referral driven by both sides, a coordinator, a service's link, the household, time, withdrawals and dying workers,
against a model of the table.

Time passes by making what is stored older (`ageing.py`): the clock of the machine and that of PostgreSQL stay one.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

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

from coordination.kit.actor import Actor, Member
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotNow
from coordination.notices import service as notices
from coordination.notices.rules import Step, To, When, of_event
from coordination.outside import queries as pages
from coordination.outside import service as outside_service
from coordination.outside.rules import Answer, Mail
from coordination.outside.tokens import Link
from coordination.referrals import confirming, moves, queries, service
from coordination.referrals.household import Due, Explanation, Said, code_of
from coordination.referrals.machine import (
    CARRIED_STATES,
    DERIVED,
    EXPIRING_STATES,
    LINK_VERBS,
    TAKEN_STATES,
    UNDO_WITHIN,
    WAITING_STATES,
    Side,
    State,
)
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import LINK_LASTS, Domain, Dropped, Outcome, Pause, Question, Refusal
from coordination.sharing.service import withdraw_agreement
from tests.cast import Cast, Organised
from tests.conftest import TEST_KEY, Base
from tests.directory.make import outside
from tests.households.make import open_household
from tests.killing import killed
from tests.notices.post import Letterbox
from tests.referrals.ageing import age
from tests.referrals.make import note_need
from tests.referrals.test_machine import ALLOWED
from tests.sharing.make import agree

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
URL, NAME = "https://reseau.exemple.fr", "Sophie Martin"
AGREED_FOR = 60
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
    "drop": lambda s, i, v: moves.drop(s, i, v, Dropped.NOBODY),
}
HEARS = ("confirm", "dispute", "miss", "unreached", "recall")
SAID, WISH = st.sampled_from(Said), st.booleans()
CODED = {"ask": Question.PAPERS, "refuse": Refusal.CAPACITY, "hold": Pause.PLACE, "close": Outcome.PARTIAL}


class Loop(RuleBasedStateMachine):
    """One need, its first referral, and whatever it is redirected to; time only goes forward."""

    cast: Cast
    base: Base
    box: Letterbox
    to_service = False
    apart = 3 if THOROUGH else 9
    """How far from each other the places are where a worker dies."""

    @initialize(closed=st.sampled_from([True, True, False]))
    def begin(self, closed: bool) -> None:
        """Often already closed: what the household says comes last, and few walks would go so far by chance."""
        self.let_the_others_rest()
        self.worker = self.cast.ccas.people["intake"]
        self.partners = {one.membership_id for one in self.cast.epicerie.people.values()}
        self.email = f"{uuid4().hex[:8]}@service.exemple.fr"
        coordinator = self.cast.ccas.people["coordinator"]
        self.partner: Organised | UUID = self.cast.epicerie
        if self.to_service:
            self.partner = outside(self.cast.engine, coordinator, email=self.email, domains=["logement"])
        self.people: dict[Side, Member] = {
            S: self.worker,
            R: self.worker if self.to_service else self.cast.epicerie.people["volunteer"],
            C: self.cast.bonne_action.people["coordinator"],
        }
        self.file = open_household(self.cast.engine, self.worker)
        self.consent()
        self.need = note_need(self.cast.engine, self.worker, self.file, Domain.HOUSING)
        with acting(self.cast.engine, self.worker) as session:
            to = self.partner if isinstance(self.partner, UUID) else self.partner.id
            row = service.send_referral(session, self.need, to, reach=Reach(NAME, "06"))
            self.id = row.id
            self.secret = confirming.paper_link(session, row, "").rpartition("/")[-1]
        self.paper_until = now() + timedelta(days=confirming.policy().link)
        # What the model keeps: the stored state, the version, and each step as (verb, state, who).
        self.state, self.version, self.last_at = State.SENT, 1, now()
        self.steps: list[tuple[str, State, UUID | None]] = [("send", State.SENT, self.worker.membership_id)]
        self.journal, self.happened = ["referral.send"], [("send", self.last_at)]
        self.children = 0
        # What the household answered and what is still owed to it, after each step.
        self.heard: list[tuple[Said | None, Due | None]] = [(None, None)]
        # What was told of it, once to each: the step, of what, to whom; the mails of its link, and the one that waits.
        self.told: set[tuple[Step, object, UUID]] = set()
        self.clocks = 0
        self.refresh()
        self.mailed: list[str] = []
        self.mail: Mail | None = Mail.SENT
        self.told_at, self.link_until = now(), now() + LINK_LASTS
        self.links = [self.link()]
        self.was_killed = False
        self.turns = 0
        for verb in ("accept", "close") if closed else ():
            self.move(verb, R, 0)

    def let_the_others_rest(self) -> None:
        """Referrals of former walks ask for nothing any more: the worker has this one alone to look after."""
        self.base.admin(
            "update referral set state = 'cancelled', household_due = null; delete from notice;"
            "update referral_link set mail_state = 'none';"
            "update referral_event set at = at - interval '10 days' where at > now() - interval '3 days'"
        )
        self.box.letters.clear()

    def consent(self) -> None:
        self.agreement = agree(self.cast.engine, self.worker, self.file, [self.partner], days=AGREED_FOR)
        self.withdrawn, self.agreed_until = False, today() + timedelta(days=AGREED_FOR)

    # -------------------------------------------------------------- what the model says

    @property
    def agreed(self) -> bool:
        return not self.withdrawn and today() <= self.agreed_until

    @property
    def truly(self) -> State:
        if self.state not in CARRIED_STATES:
            return self.state
        if not self.agreed:
            return State.REVOKED
        return State.EXPIRED if self.state in EXPIRING_STATES and self.expires_at <= now() else self.state

    def held(self, side: Side) -> tuple[Side, ...]:
        """Who refers to a service holds its side too."""
        return (S, R) if self.to_service and side is not C else (side,)

    def target(self, verb: str, side: Side) -> State | None:
        return next((ALLOWED[verb, self.truly, s] for s in self.held(side) if (verb, self.truly, s) in ALLOWED), None)

    def settle(self) -> None:
        """The model writes what nobody decided, as the machine does before a move."""
        truly = self.truly
        if truly is not self.state:
            self.step(DERIVED[truly], truly, None)
            if truly is State.EXPIRED:
                self.happened[-1] = ("expire", self.expires_at)

    def step(
        self,
        verb: str,
        state: State,
        by: UUID | None,
        said: Said | None = None,
        wish: bool = False,
        room: str = "referral",
    ) -> None:
        self.steps.append((verb, state, by))
        self.journal.append(f"{room}.{verb}")
        self.happened.append((verb + "_call" * (wish and verb == "confirm"), now()))
        says, due = self.heard[-1]
        if verb in ("confirm", "dispute"):
            says, due = said, Due.CALL if wish and verb == "confirm" else None
        elif verb in ("close", "reopen"):
            says, due = None, Due.ANSWER if verb == "close" else None
        elif verb in ("unreached", "recall", "explain", "redirect"):
            due = None
        self.heard.append(self.heard[-2] if verb == "undo" else (says, due))
        self.state, self.version, self.last_at = state, self.version + 1, now()

    def attempt(self, actor: Actor, act: Callable[[ActorSession], object], allowed: bool) -> None:
        with ActorSession(self.cast.engine, actor) as session:
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
        target = self.target(verb, side)
        covered = verb != "reopen" or self.agreed
        allowed = target is not None and stale == 0 and covered and self.version + stale > 0
        self.attempt(self.people[side], lambda s: DEEDS[verb](s, self.id, self.version + stale), allowed)
        if allowed and target is not None:
            self.settle()
            self.step(verb, target, self.people[side].membership_id)
            if verb in ("answer", "reopen"):
                self.refresh()
                assert self.expires_at > now(), "the partner has its time again"

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
        fresh = now() - self.last_at <= UNDO_WITHIN and verb in (*DEEDS, *HEARS)
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
        """The moments that count from now on: an answer and a reopening give the partner its time again."""
        (found,) = self.base.admin("select late_at, risk_at, expires_at from referral where id = %s", self.id)
        self.late_at, self.risk_at, self.expires_at = (m for m in found if isinstance(m, datetime))
        self.clocks += 1

    # -------------------------------------------------------------- the household, asked or by itself

    def heard_at(self, side: Side, verb: str) -> bool:
        """Whether this side may write down what the household says, and it has said nothing yet."""
        return self.target(verb, side) is not None and self.heard[-1][0] is None

    @rule(side=st.sampled_from(Side), said=SAID, wish=WISH)
    def hear(self, side: Side, said: Said, wish: bool) -> None:
        """It was closed as a part of the help, whoever closed it: a no is less."""
        verb = "dispute" if said is Said.NO else "confirm"
        allowed = self.heard_at(side, verb)
        self.attempt(self.people[side], lambda s: confirming.record(s, self.id, self.version, said, wish), allowed)
        if allowed:
            target = State.DISPUTED if said is Said.NO else State.CLOSED
            self.step(verb, target, self.people[side].membership_id, said, wish)

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
        allowed = self.target("recall", side) is not None and self.heard[-1][1] is Due.CALL
        self.attempt(self.people[side], lambda s: moves.recall(s, self.id, self.version), allowed)
        if allowed:
            self.step("recall", State.CLOSED, self.people[side].membership_id)

    @rule(said=SAID, wish=WISH)
    def answers_by_link(self, said: Said, wish: bool) -> None:
        """Once it is closed, while the paper serves; again, for a while, as long as nobody did anything since its own
        answer. The same twice is told once."""
        paper = confirming.opened(self.cast.engine, self.secret)
        assert (paper is None) == (self.paper_until <= now())
        if paper is None:
            return
        verb, _, by = self.steps[-1]
        changes = now() - self.last_at < timedelta(minutes=confirming.policy().change)
        own = by is None and verb in ("confirm", "dispute") and changes
        allowed = self.state in (State.CLOSED, State.DISPUTED) and (self.heard[-1][0] is None or own)
        assert paper.asks == allowed
        before = self.base.admin("select reason from referral_event where referral_id = %s order by version", self.id)
        done = confirming.answer_by_link(self.cast.engine, paper, self.secret, said, wish)
        assert done == allowed
        if allowed and not (own and before[-1] == (code_of(said, call_back=wish),)):
            less = said is Said.NO
            self.step("dispute" if less else "confirm", State.DISPUTED if less else State.CLOSED, None, said, wish)

    # -------------------------------------------------------------- time, the agreement

    @rule(days=st.sampled_from([0, 0, 1, 8, 20]), minutes=st.sampled_from([0, 5, 11]))
    def wait(self, days: int, minutes: int) -> None:
        by = timedelta(days=days, minutes=minutes)
        age(self.base, self.file, by)
        for name in ("last_at", "late_at", "risk_at", "expires_at", "paper_until", "told_at", "link_until"):
            setattr(self, name, getattr(self, name) - by)
        self.happened = [(verb, at - by) for verb, at in self.happened]
        self.agreed_until -= timedelta(days=days)

    @precondition(lambda self: self.agreed)
    @rule()
    def withdraw(self) -> None:
        with acting(self.cast.engine, self.worker) as session:
            withdraw_agreement(session, self.file, self.agreement)
        self.withdrawn = True

    @precondition(lambda self: not self.agreed)
    @rule()
    def agree_again(self) -> None:
        self.consent()

    # -------------------------------------------------------------- the worker, which may die at any place

    @rule(dies=st.none() | st.integers(1, 9))
    def worker_passes(self, dies: int | None) -> None:
        """Writes what time decided, tells, mails. It may die, and whoever takes over too, a little further, until one
        comes to the end: each once what the one before held is let go."""
        self.settle()
        self.expect_news()
        self.expect_mail()
        if dies is None:
            self.turn()
        for place in range(dies, 500, self.apart) if dies else ():
            with killed(self.base, place) as blow:
                self.turn()
            if not blow.fell:
                break
            self.was_killed = True
            for table in ("notice", "referral_link"):
                self.base.admin(f"update {table} set claimed_at = claimed_at - interval '11 minutes'")
        self.everything_was_told_once()

    def turn(self) -> None:
        notices.tell_news(self.cast.engine)
        notices.post(self.cast.engine, self.box.mailer, URL, When.IMMEDIATE)
        outside_service.post_links(self.cast.engine, self.box.mailer, URL, TEST_KEY)

    def expect_news(self) -> None:
        """What moved of late, to the other side; the silence of who should answer, and the link's own mail."""
        started = now()
        for number, (verb, at) in enumerate(self.happened):
            by = self.steps[number][2]
            own, theirs = by == self.worker.membership_id, by is None or by in self.partners
            if at >= started - notices.LOOK_BACK:
                for step, to in of_event(verb, by_receiver=theirs, by_sender=own):
                    self.tell(step, to, at, number)
        if self.state in WAITING_STATES:
            if self.late_at <= started:
                self.tell(Step.REMINDER, To.RECEIVER, self.late_at, (self.clocks, "late"))
            for to in To if self.risk_at <= started else ():
                self.tell(Step.ABANDON, to, self.risk_at, (self.clocks, "risk"))

    def tell(self, step: Step, to: To, at: datetime, of_what: object) -> None:
        here = self.cast
        whom = {
            To.RECEIVER: [here.epicerie.people[role] for role in ("intake", "volunteer", "coordinator")],
            To.SENDER: [self.worker],
            To.COORDINATORS: [o.people["coordinator"] for o in here.organisations if o is not here.elsewhere],
        }[to]
        if not (self.to_service and to is To.RECEIVER):
            self.told |= {(step, of_what, member.membership_id) for member in whom}
        elif self.told_at < at and self.truly in EXPIRING_STATES and step.value in set(Mail):
            self.mail, self.told_at, self.link_until = Mail(step.value), now(), now() + LINK_LASTS

    def expect_mail(self) -> None:
        if self.mail is not None and self.opens and self.truly not in (State.REFUSED, State.CLOSED):
            self.mailed.append(self.mail.subject)
        self.mail = None

    def everything_was_told_once(self) -> None:
        found = self.base.admin("select step from notice where referral_id = %s and mail_state = 'sent'", self.id)
        assert Counter(step for (step,) in found) == Counter(step.value for step, _, _ in self.told)
        assert self.base.admin("select 1 from notice where mail_state = 'pending'") == []
        ids = Counter(letter["Message-ID"] for _, letter in self.box.letters)
        known = self.base.admin("select distinct mail_id from notice")
        letters = {letter["Message-ID"]: letter["Subject"] for _, letter in self.box.letters}
        by_link = {letter["Message-ID"]: letter["Subject"] for letter in self.box.to(self.email)}
        assert set(letters) == {f"<{one}@exemple.fr>" for (one,) in known} | set(by_link)
        assert list(by_link.values()) == (self.mailed if self.to_service else [])
        assert self.was_killed or max(ids.values(), default=1) == 1, "twice only where a worker died"
        self.links += [link for link in [self.link()] if link not in self.links]

    def link(self) -> UUID | None:
        rows = self.base.admin("select link_id from referral_link where referral_id = %s", self.id)
        return UUID(str(rows[0][0])) if rows else None

    @property
    def opens(self) -> bool:
        """Whether a link to a service still shows something."""
        shown = (*EXPIRING_STATES, *TAKEN_STATES, State.REFUSED, State.CLOSED)
        return self.to_service and self.agreed and self.truly in shown

    # -------------------------------------------------------------- what always holds

    @invariant()
    def everybody_reads_the_same_true_state(self) -> None:
        self.turns += 1
        everybody = list(dict.fromkeys(self.people.values()))
        for member in everybody if THOROUGH else [everybody[self.turns % len(everybody)]]:
            with ActorSession(self.cast.engine, member) as session:
                view = queries.show(session, self.id)
            assert view.line.state is self.truly
            shown = [move.verb for move in view.moves]
            derived = [] if self.truly is self.state else [DERIVED[self.truly]]
            assert shown[::-1] == [verb for verb, _, _ in self.steps] + derived
            if member is self.people[R] and not self.to_service and not self.agreed:
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
        assert journal == self.journal
        assert children == self.children, "nothing passes without an agreement"
        carried = "select carried = access.carried_days(r) from referral r where id = %s"
        assert self.base.admin(carried, self.id) == [(True,)]


class OutsideLoop(Loop):
    """The same to a service without an account: who sent it notes what it says, or its link does."""

    to_service = True

    def holding(self, nth: int) -> tuple[UUID, bool]:
        """One of the links given so far, the last one most often; whether it is the one that serves."""
        link = self.links[-1] if nth >= 0 else self.links[max(nth, -len(self.links))]
        assert link is not None
        return link, link == self.links[-1]

    @rule(verb=st.sampled_from(LINK_VERBS), nth=st.sampled_from([0, 0, 0, 0, -2, -3]))
    def link_answers(self, verb: str, nth: int) -> None:
        """Its step, once; where it comes too late, the state the referral stands in, and nothing at all from a link
        that serves no more."""
        link, current = self.holding(nth)
        serves = current and self.opens and self.link_until > now()
        target = self.target(verb, R) if serves else None
        codes = {"refuse": Refusal.CAPACITY.value, "ask": Question.PAPERS.value, "close": Outcome.PARTIAL.value}
        with outside_service.holding(self.cast.engine, self.token(link)) as session:
            said = outside_service.answer(session, link, Answer(verb), codes.get(verb))
            session.commit()
        assert said is (target or (self.state if serves else None))
        if target is not None:
            self.step(verb, target, None, room="outside")

    @rule(nth=st.sampled_from([0, 0, 0, -2]))
    def link_is_renewed(self, nth: int) -> None:
        """Even expired; the new one goes by mail alone."""
        link, current = self.holding(nth)
        allowed = current and self.opens and self.truly not in (State.REFUSED, State.CLOSED)
        with outside_service.holding(self.cast.engine, self.token(link)) as session:
            assert outside_service.renew(session, link) == allowed
            session.commit()
        if allowed:
            self.journal.append("outside.renew")
            self.mail, self.link_until = Mail.RENEWED, now() + LINK_LASTS
            self.links.append(self.link())

    @invariant()
    def a_link_shows_the_minimum_and_only_while_it_serves(self) -> None:
        for link in self.links[-2:]:
            assert link is not None
            with outside_service.holding(self.cast.engine, self.token(link)) as session:
                shown = pages.link_page(session, link)
            if link != self.links[-1] or not self.opens:
                assert shown is None
                continue
            assert shown is not None
            assert (shown.state, shown.expired) == (self.state, self.link_until <= now())
            named = self.state in TAKEN_STATES and not shown.expired
            assert shown.person_name == (NAME if named else "")

    def token(self, link: UUID) -> Link:
        return Link(self.id, self.worker.network_id, link)


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with Letterbox() as opened:
        yield opened


@pytest.mark.hypothesis  # so that `make fuzz` finds it
@pytest.mark.parametrize("machine", [Loop, OutsideLoop])
def test_no_illegal_state_no_lost_referral_and_one_line_for_each_transition(
    machine: type[Loop], cast: Cast, shared_base: Base, box: Letterbox
) -> None:
    machine.cast, machine.base, machine.box = cast, shared_base, box
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if THOROUGH else 5,
            stateful_step_count=40 if THOROUGH else 16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=tuple(Phase) if THOROUGH else (Phase.explicit, Phase.generate),
        ),
    )


def test_a_worker_that_dies_at_every_place_in_turn_loses_nothing_and_doubles_nothing(
    cast: Cast, shared_base: Base, box: Letterbox
) -> None:
    """While a reminder is due to a service, while its question is told, while the referral expires."""
    OutsideLoop.cast, OutsideLoop.base, OutsideLoop.box = cast, shared_base, box
    walk = OutsideLoop()
    walk.apart = 1 if THOROUGH else 2
    walk.begin(closed=False)
    for days, state in ((16, State.SENT), (0, State.INFO_REQUESTED), (40, State.EXPIRED)):
        walk.wait(days, 0)
        if days == 0:
            walk.link_answers("ask", 0)
        walk.worker_passes(1)
        assert walk.state is state
        walk.every_transition_is_written_and_journalled_once()
    assert walk.mailed == [Mail.REMINDER.subject]
    assert {step for step, _, _ in walk.told} == {Step.MOVED}
