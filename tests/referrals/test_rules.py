"""The table of moves over its full product, baskets that add up, needs computed from their referrals."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.kit.transitions import IllegalMove, moves_from
from coordination.referrals.rules import (
    BASKETS,
    EVENT_WORDS,
    MOVES,
    SILENCE,
    VERBS,
    Coverage,
    Domain,
    NeedState,
    Outcome,
    Refusal,
    Side,
    State,
    basket_named,
    basket_of,
    coverage,
    find_move,
    needs_state,
    sides_of,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
R, S, C = Side.RECEIVER, Side.SENDER, Side.COORDINATOR

# What the field says, written a second time and by hand: who may do what, from where, to where.
ALLOWED = {
    ("accept", State.SENT, R): State.ACCEPTED,
    ("refuse", State.SENT, R): State.REFUSED,
    ("close", State.ACCEPTED, R): State.CLOSED,
    ("close", State.ACCEPTED, C): State.CLOSED,
    ("close", State.BY_HAND, S): State.CLOSED,
    ("cancel", State.SENT, S): State.CANCELLED,
    ("cancel", State.ACCEPTED, S): State.CANCELLED,
    ("cancel", State.BY_HAND, S): State.CANCELLED,
}


@pytest.mark.parametrize(("verb", "state", "side"), list(product(VERBS, State, Side)))
def test_every_verb_from_every_state_by_every_side(verb: str, state: State, side: Side) -> None:
    expected = ALLOWED.get((verb, state, side))
    buttons = {move.verb for move in moves_from(MOVES, state, frozenset({side}))}
    assert (verb in buttons) == (expected is not None)
    if expected is None:
        with pytest.raises(IllegalMove) as refused:
            find_move(verb, state, frozenset({side}))
        assert "Rien n’a été modifié." in refused.value.sentence
    else:
        assert find_move(verb, state, frozenset({side})).target is expected


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


@given(
    side=st.sampled_from(Side),
    state=st.sampled_from(State),
    waited=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60)),
)
def test_a_referral_stands_in_exactly_one_basket(side: Side, state: State, waited: timedelta) -> None:
    standing = [basket.key for basket in BASKETS[side] if basket.holds(state, NOW - waited, NOW)]
    received_paper = side is R and state is State.BY_HAND
    assert len(standing) == (0 if received_paper else 1)
    found = basket_of(side, state, NOW - waited, NOW)
    assert [found.key] == standing if found else standing == []


def test_silence_begins_after_nine_days_not_at_nine() -> None:
    at_nine = basket_of(R, State.SENT, NOW - SILENCE, NOW)
    later = basket_of(R, State.SENT, NOW - SILENCE - timedelta(seconds=1), NOW)
    assert at_nine is not None
    assert later is not None
    assert (at_nine.key, later.key) == ("a-traiter", "sans-reponse")


def test_baskets_are_found_by_their_key_on_their_side_only() -> None:
    assert all(basket_named(side, basket.key) is basket for side in Side for basket in BASKETS[side])
    assert basket_named(R, "main-propre") is None
    assert all(len({b.key for b in BASKETS[side]}) == len(BASKETS[side]) for side in Side)


@pytest.mark.parametrize(
    ("referrals", "expected"),
    [
        ([], NeedState.TO_REFER),
        ([(State.SENT, None)], NeedState.WAITING),
        ([(State.BY_HAND, None)], NeedState.WAITING),
        ([(State.REFUSED, None), (State.SENT, None)], NeedState.WAITING),
        ([(State.SENT, None), (State.ACCEPTED, None)], NeedState.IN_PROGRESS),
        ([(State.CLOSED, Outcome.GOT_HELP), (State.REFUSED, None)], NeedState.MET),
        ([(State.CLOSED, Outcome.PARTIAL)], NeedState.PARTLY),
        ([(State.CLOSED, Outcome.NO_SHOW)], NeedState.AGAIN),
        ([(State.REFUSED, None), (State.CANCELLED, None)], NeedState.AGAIN),
    ],
)
def test_the_state_of_a_need(referrals: list[tuple[State, Outcome | None]], expected: NeedState) -> None:
    assert needs_state(referrals) is expected
    assert needs_state(reversed(referrals)) is expected


@given(identity=st.booleans(), needs=st.booleans(), sensitive=st.booleans(), domain=st.sampled_from(Domain))
def test_nothing_passes_without_identity_and_needs_nor_a_sensitive_one_without_its_own_agreement(
    identity: bool,
    needs: bool,
    sensitive: bool,
    domain: Domain,
) -> None:
    answer = coverage(identity=identity, needs=needs, sensitive=sensitive).transmits(domain)
    assert answer == (identity and needs and (sensitive or not domain.sensitive))


def test_only_health_and_violence_are_sensitive_and_both_hide_behind_another_need() -> None:
    assert {d for d in Domain if d.sensitive} == {Domain.HEALTH, Domain.VIOLENCE}
    assert {d.public for d in Domain if d.sensitive} == {Domain.OTHER}
    assert all(d.public is d for d in Domain if not d.sensitive)


def test_every_word_has_its_french_label() -> None:
    for words in (Domain, State, Side, Refusal, Outcome, NeedState, Coverage):
        assert all(item.label for item in words)
    assert set(EVENT_WORDS) == {*VERBS, "send", "by_hand"}
    assert all(state.tone for state in State)
    assert {d for d in Domain if not d.thematiques} == {Domain.OTHER}
    assert all(slug.count("--") == 1 for d in Domain for slug in d.thematiques)
