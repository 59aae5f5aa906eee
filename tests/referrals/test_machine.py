"""The table of moves over its full product, what nobody decides, taking a move back, baskets that add up."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.kit.transitions import IllegalMove, moves_from
from coordination.referrals.baskets import BASKETS, EXPIRES_SOON, MINE, Clocks, Wait, basket_named, basket_of
from coordination.referrals.household import (
    CALL_BACK,
    LEAVES,
    Due,
    Explanation,
    Said,
    code_of,
    disagrees,
    due_now,
    heard,
    read_code,
)
from coordination.referrals.machine import (
    CARRIED_STATES,
    DERIVED,
    EXPIRING_STATES,
    MOVES,
    OPEN_STATES,
    UNDO_WITHIN,
    VERBS,
    Side,
    State,
    Step,
    facts_of,
    find_move,
    sides_of,
    standing,
    undone,
)
from coordination.referrals.rules import Outcome, reason_label

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
R, S, C = Side.RECEIVER, Side.SENDER, Side.COORDINATOR
T = State
LOST = (T.REFUSED, T.EXPIRED, T.REVOKED)

# What the field says, written a second time and by hand: who may do what, from where, to where.
ALLOWED = {
    ("receive", T.SENT, R): T.RECEIVED,
    **{("accept", s, R): T.ACCEPTED for s in (T.SENT, T.RECEIVED, T.INFO_REQUESTED)},
    **{("ask", s, R): T.INFO_REQUESTED for s in (T.SENT, T.RECEIVED)},
    **{("refuse", s, R): T.REFUSED for s in (T.SENT, T.RECEIVED, T.INFO_REQUESTED)},
    ("answer", T.INFO_REQUESTED, S): T.RECEIVED,
    ("start", T.ACCEPTED, R): T.IN_PROGRESS,
    **{("hold", s, R): T.ON_HOLD for s in (T.ACCEPTED, T.IN_PROGRESS)},
    ("resume", T.ON_HOLD, R): T.IN_PROGRESS,
    **{("close", s, who): T.CLOSED for s in (T.ACCEPTED, T.IN_PROGRESS, T.ON_HOLD) for who in (R, C)},
    ("close", T.BY_HAND, S): T.CLOSED,
    **{("redirect", s, who): T.REDIRECTED for s in (*LOST, T.DISPUTED, T.DROPPED) for who in (S, C)},
    **{("reopen", s, S): T.SENT for s in (*LOST, T.CLOSED, T.DISPUTED, T.DROPPED)},
    **{("drop", s, who): T.DROPPED for s in LOST for who in (S, C)},
    **{(verb, T.CLOSED, who): T.CLOSED for verb in ("confirm", "miss", "unreached", "recall") for who in (R, S)},
    **{("dispute", T.CLOSED, who): T.DISPUTED for who in (R, S)},
    **{("explain", T.DISPUTED, who): T.CLOSED for who in (S, C)},
    **{
        ("cancel", s, S): T.CANCELLED
        for s in (T.SENT, T.RECEIVED, T.INFO_REQUESTED, T.BY_HAND, T.ACCEPTED, T.IN_PROGRESS, T.ON_HOLD)
    },
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_from_every_state_by_every_side(verb: str) -> None:
    for state, side in product(State, Side):
        expected = ALLOWED.get((verb, state, side))
        buttons = {move.verb for move in moves_from(MOVES, state, frozenset({side}))}
        assert (verb in buttons) == (expected is not None)
        if expected is None:
            with pytest.raises(IllegalMove) as refused:
                find_move(verb, state, frozenset({side}), "par Marc le 2 mai")
            assert "Rien n’a été modifié." in refused.value.sentence
            assert ("par Marc le 2 mai" in refused.value.sentence) != ("revient à" in refused.value.sentence)
        else:
            assert find_move(verb, state, frozenset({side})).target is expected


def test_the_table_says_nothing_else() -> None:
    assert {verb for verb, _, _ in ALLOWED} == set(VERBS)
    assert {T.CANCELLED, T.REDIRECTED} == {s for s in State if not any(s in move.sources for move in MOVES)}


@pytest.mark.parametrize("sides", [frozenset(s) for n in range(4) for s in combinations(Side, n)])
def test_holding_several_sides_opens_the_moves_of_each_and_no_other(sides: frozenset[Side]) -> None:
    for verb, state in product(VERBS, State):
        legal = any((verb, state, side) in ALLOWED for side in sides)
        assert legal == any(move.verb == verb for move in moves_from(MOVES, state, sides))


def test_a_refused_side_is_told_whose_the_action_is() -> None:
    with pytest.raises(IllegalMove, match="revient à la structure qui reçoit"):
        find_move("accept", State.SENT, frozenset({S}))
    with pytest.raises(IllegalMove, match="« refusée »"):
        find_move("accept", State.REFUSED, frozenset({R}))


def test_what_was_handed_over_on_paper_was_received_by_nobody() -> None:
    assert sides_of("b", "a", "b", by_hand=True, coordinates=False) == frozenset()
    assert sides_of("b", "a", "b", by_hand=False, coordinates=False) == {R}
    assert sides_of("a", "a", "b", by_hand=True, coordinates=True) == {S, C}
    assert sides_of("c", "a", "b", by_hand=False, coordinates=False) == frozenset()


# ------------------------------------------------------------------ what nobody decides


@given(state=st.sampled_from(State), left=st.integers(-2, 2), by_hand=st.booleans(), stopped=st.booleans())
def test_the_end_of_the_agreement_comes_first_then_time(state: State, left: int, by_hand: bool, stopped: bool) -> None:
    ends = NOW + timedelta(seconds=left)
    found = standing(state, by_hand=by_hand, expires_at=ends, stopped=stopped, now=NOW)
    if by_hand or state not in CARRIED_STATES:
        assert found is state
    elif stopped:
        assert found is State.REVOKED
    else:
        assert found is (State.EXPIRED if left <= 0 and state in EXPIRING_STATES else state)
    assert found is state or found in DERIVED


# ------------------------------------------------------------------ taking back

ME, OTHER = uuid4(), uuid4()


def history(*verbs: str, by: UUID = ME) -> list[Step]:
    """Steps a minute apart, the last one now."""
    targets = {move.verb: move.target for move in MOVES} | {"send": State.SENT}
    start = NOW - timedelta(minutes=len(verbs) - 1)
    return [Step(v, targets[v], f"code_{v}", start + timedelta(minutes=i), by) for i, v in enumerate(verbs)]


def test_one_s_own_last_move_is_taken_back_within_ten_minutes() -> None:
    past = history("send", "accept")
    assert undone(past, ME, NOW) == past[-1]
    assert undone(past, ME, NOW + UNDO_WITHIN) == past[-1]
    assert undone(past, ME, NOW + UNDO_WITHIN + timedelta(seconds=1)) is None
    assert undone(past, OTHER, NOW) is None
    assert undone(history("send"), ME, NOW) is None, "what was sent is cancelled, not undone"
    assert undone(history("send", "refuse", "redirect"), ME, NOW) is None


def test_what_was_taken_back_leaves_nothing_on_the_row() -> None:
    sent, accepted, closed = past = history("send", "accept", "close")
    told = facts_of(past)
    assert (told.state, told.outcome, told.answered_at, told.closed_at) == (
        State.CLOSED,
        "code_close",
        accepted.at,
        closed.at,
    )
    back = facts_of([*past, Step("undo", State.ACCEPTED, None, NOW, ME)])
    assert (back.state, back.outcome, back.answered_at, back.closed_at) == (State.ACCEPTED, None, accepted.at, None)
    again = facts_of(history("send", "refuse", "reopen"))
    assert (again.state, again.refusal, again.answered_at, again.closed_at) == (State.SENT, None, None, None)
    assert facts_of([sent]).answered_at is None


# ------------------------------------------------------------------ baskets


def clocks(late: int, risk: int, ends: int) -> Clocks:
    """Delays that fall so many hours from now."""
    return Clocks(*(NOW + timedelta(hours=h) for h in (late, risk, ends)))


HOURS = st.integers(-400, 400)


@given(
    side=st.sampled_from(Side),
    state=st.sampled_from(State),
    hours=st.tuples(HOURS, HOURS, HOURS),
    alone=st.booleans(),
    due=st.sampled_from(["", *Due]),
)
def test_a_referral_stands_in_exactly_one_basket(
    side: Side, state: State, hours: tuple[int, int, int], alone: bool, due: str
) -> None:
    given_clocks = clocks(*hours)
    due = due if state is State.CLOSED else ""
    standing_in = [b.key for b in BASKETS[side] if b.holds(state, given_clocks, NOW, alone=alone, due=due)]
    received_paper = side is R and state is State.BY_HAND
    assert len(standing_in) == (0 if received_paper else 1)
    found = basket_of(side, state, given_clocks, NOW, alone=alone, due=due)
    assert [found.key] == standing_in if found else standing_in == []


def test_silence_begins_on_time_not_before() -> None:
    assert clocks(1, 300, 600).wait(NOW) is Wait.FRESH
    assert clocks(0, 300, 600).wait(NOW) is Wait.LATE
    assert clocks(-9, 0, 600).wait(NOW) is Wait.RISK
    soon = int(EXPIRES_SOON.total_seconds() // 3600)
    assert clocks(-9, -9, soon).wait(NOW) is Wait.EXPIRING
    assert clocks(-9, -9, soon + 1).wait(NOW) is Wait.RISK


def test_baskets_are_found_by_their_key_on_their_side_only() -> None:
    assert all(basket_named(side, basket.key) is basket for side in Side for basket in BASKETS[side])
    assert basket_named(R, "main-propre") is None
    assert all(basket_named(side, "a-moi") is MINE for side in Side)
    assert all(len({b.key for b in BASKETS[side]}) == len(BASKETS[side]) for side in Side)
    assert set(MINE.states) >= OPEN_STATES


# ------------------------------------------------------------------ what the household says

HELPED = {Outcome.GOT_HELP: 2, Outcome.PARTIAL: 1}
WORTH = {Said.YES: 2, Said.PARTLY: 1, Said.NO: 0}


@given(outcome=st.sampled_from([None, *Outcome]), said=st.sampled_from(Said))
def test_a_household_disagrees_when_it_obtained_less_than_was_said_and_its_word_stands_when_more(
    outcome: Outcome | None, said: Said
) -> None:
    less = said in WORTH and WORTH[said] < HELPED.get(outcome, 0)  # type: ignore[arg-type]
    assert disagrees(outcome, said) == less
    stands = heard(outcome, said)
    more = said in WORTH and WORTH[said] > HELPED.get(outcome, 0)  # type: ignore[arg-type]
    assert stands == ({2: Outcome.GOT_HELP, 1: Outcome.PARTIAL}[WORTH[said]] if more else outcome)


@given(said=st.sampled_from(Said), call_back=st.booleans())
def test_the_answer_is_a_code_the_timeline_reads_back(said: Said, call_back: bool) -> None:
    code = code_of(said, call_back=call_back)
    assert read_code(code) == (said, call_back)
    assert said.label in reason_label(code)
    assert ("rappelé" in reason_label(code)) == call_back


def test_every_explanation_leaves_an_outcome() -> None:
    assert {Outcome(code) for code in LEAVES.values()} <= set(Outcome)
    assert set(LEAVES) == set(Explanation)
    assert all(reason_label(one) == one.label for one in Explanation)


def test_the_row_remembers_what_was_asked_answered_and_explained() -> None:
    def told(*steps: tuple[str, State, str | None]) -> tuple[str | None, str | None, str | None]:
        found = facts_of([Step("send", State.SENT, None, NOW, ME), *(Step(v, s, r, NOW, ME) for v, s, r in steps)])
        return found.outcome, found.household_says, found.household_due

    closed = ("close", State.CLOSED, Outcome.PARTIAL.value)
    yes, no = ("confirm", State.CLOSED, "yes"), ("dispute", State.DISPUTED, "no" + CALL_BACK)
    undo = ("undo", State.CLOSED, None)
    assert told(closed) == ("partial", None, "answer")
    assert told(("close", State.CLOSED, Outcome.NO_SHOW.value)) == ("no_show", None, None)
    assert told(closed, ("miss", State.CLOSED, None)) == ("partial", None, "answer")
    assert told(closed, ("unreached", State.CLOSED, None)) == ("partial", None, None)
    assert told(closed, yes) == ("got_help", "yes", None)
    assert told(closed, ("confirm", State.CLOSED, "yes" + CALL_BACK)) == ("got_help", "yes", "call")
    assert told(closed, yes, no) == ("partial", "no", None), "an answer that was changed leaves the partner's word"
    assert told(closed, no, undo) == ("partial", None, "answer")
    assert told(closed, no, ("explain", State.CLOSED, "impossible")) == ("no_help", "no", None)
    assert told(closed, no, ("reopen", State.SENT, None)) == (None, None, None)


@given(days=st.integers(0, 100), ago=st.integers(-5, 5))
def test_it_is_asked_once_its_turn_comes_and_not_for_ever(days: int, ago: int) -> None:
    closed, ask = NOW - timedelta(days=days), NOW - timedelta(days=ago)
    asked = due_now("answer", ask, closed, NOW, timedelta(days=60))
    assert asked == ("answer" if ago >= 0 and days < 60 else "")
    assert due_now("call", ask, closed, NOW, timedelta(days=60)) == "call"
    assert due_now(None, None, None, NOW, timedelta(days=60)) == ""
