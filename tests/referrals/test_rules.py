"""Words and codes, what an agreement lets pass, needs computed from their referrals."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.referrals.baskets import Wait
from coordination.referrals.machine import DERIVED, VERBS, Side, State
from coordination.referrals.rules import (
    EVENT_WORDS,
    REASONS,
    Coverage,
    Domain,
    NeedState,
    Outcome,
    Refusal,
    coverage,
    needs_state,
    reason_label,
)


@pytest.mark.parametrize(
    ("referrals", "expected"),
    [
        ([], NeedState.TO_REFER),
        ([(State.SENT, None)], NeedState.WAITING),
        ([(State.BY_HAND, None)], NeedState.WAITING),
        ([(State.REFUSED, None), (State.SENT, None)], NeedState.WAITING),
        ([(State.RECEIVED, None)], NeedState.WAITING),
        ([(State.INFO_REQUESTED, None), (State.EXPIRED, None)], NeedState.WAITING),
        ([(State.ON_HOLD, None), (State.SENT, None)], NeedState.IN_PROGRESS),
        ([(State.REVOKED, None), (State.EXPIRED, None)], NeedState.AGAIN),
        ([(State.REDIRECTED, None), (State.SENT, None)], NeedState.WAITING),
        ([(State.SENT, None), (State.ACCEPTED, None)], NeedState.IN_PROGRESS),
        ([(State.CLOSED, Outcome.GOT_HELP), (State.REFUSED, None)], NeedState.MET),
        ([(State.CLOSED, Outcome.PARTIAL)], NeedState.PARTLY),
        ([(State.CLOSED, Outcome.NO_SHOW)], NeedState.AGAIN),
        ([(State.DISPUTED, Outcome.GOT_HELP)], NeedState.DISPUTED),
        ([(State.DISPUTED, Outcome.PARTIAL), (State.CLOSED, Outcome.PARTIAL)], NeedState.DISPUTED),
        ([(State.DISPUTED, Outcome.GOT_HELP), (State.SENT, None)], NeedState.WAITING),
        ([(State.DISPUTED, Outcome.GOT_HELP), (State.CLOSED, Outcome.GOT_HELP)], NeedState.MET),
        ([(State.REFUSED, None), (State.CANCELLED, None)], NeedState.AGAIN),
        ([(State.DROPPED, None), (State.CLOSED, Outcome.NO_SHOW)], NeedState.DROPPED),
        ([(State.DROPPED, None), (State.REFUSED, None)], NeedState.AGAIN),
        ([(State.DROPPED, None), (State.CLOSED, Outcome.PARTIAL)], NeedState.PARTLY),
        ([(State.DROPPED, None), (State.SENT, None)], NeedState.WAITING),
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
    lists: tuple[type[StrEnum], ...] = (Domain, State, Side, NeedState, Coverage, Wait, *REASONS)
    for words in lists:
        assert all(item.label for item in words)  # type: ignore[attr-defined]
    assert set(EVENT_WORDS) == {*VERBS, "send", "by_hand", "undo", *DERIVED.values()}
    assert all(state.tone for state in State)
    assert {d for d in Domain if not d.thematiques} == {Domain.OTHER}
    assert all(slug.count("--") == 1 for d in Domain for slug in d.thematiques)


def test_a_code_of_one_list_is_never_a_code_of_another() -> None:
    codes = [str(code) for words in REASONS for code in words]
    assert len(codes) == len(set(codes))
    assert [reason_label(code) for code in codes] == [code.label for words in REASONS for code in words]  # type: ignore[attr-defined]
    assert reason_label(None) == reason_label("inconnu") == ""
    assert reason_label(Refusal.CAPACITY) == Refusal.CAPACITY.label


def test_who_refers_a_known_need_reads_what_happens_to_it_and_not_to_others() -> None:
    plain, health = next(d for d in Domain if not d.sensitive), next(d for d in Domain if d.sensitive)
    assert Coverage.EXCEPT_SENSITIVE.told(plain) == Coverage.WHOLE.told(health)
    assert "remise en main propre" in Coverage.EXCEPT_SENSITIVE.told(health)
    assert "sauf santé" in Coverage.EXCEPT_SENSITIVE.told(None)
    for known in Coverage:
        for domain in (plain, health):
            assert ("sera transmise" in known.told(domain)) == known.transmits(domain)
