"""Agreements: what is agreed opens, what is refused does not, what is withdrawn closes at the next query."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from coordination.households import queries as households
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import Malformed, NotAllowed, NotKnown, NotNow
from coordination.sharing import queries, service
from coordination.sharing.forms import AgreementForm
from coordination.sharing.rules import AgreementState, Answer, agreement_state
from tests.cast import Cast
from tests.households.make import open_household
from tests.sharing.make import agree


def parts_seen(cast: Cast, member: Member, household_id: object) -> set[str]:
    with ActorSession(cast.engine, member) as session:
        return households.visible_parts(session, household_id)  # type: ignore[arg-type]


def test_what_is_agreed_opens_and_nothing_else(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], parts=("identity", "budget"))
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == {"identity", "budget"}
    assert parts_seen(cast, cast.epicerie.people["volunteer"], file_id) == {"identity"}
    assert parts_seen(cast, cast.secours.people["intake"], file_id) == set()


def test_a_refusal_opens_nothing_and_blocks_nothing(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agreement_id = agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], answer=Answer.REFUSES)
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == set()
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert queries.agreement_of(session, file_id, agreement_id).refused
        assert "budget" in households.visible_parts(session, file_id)


def test_a_withdrawal_is_effective_at_the_next_query(cast: Cast) -> None:
    member = cast.ccas.people["intake"]
    file_id = open_household(cast.engine, member)
    agreement_id = agree(cast.engine, member, file_id, [cast.epicerie])
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as reader:
        assert households.file_header(reader, file_id).name
        reader.commit()
        with acting(cast.engine, member) as session:
            service.withdraw_agreement(session, file_id, agreement_id)
        reader.expire_all()
        with pytest.raises(NotKnown):
            households.file_header(reader, file_id)
    with ActorSession(cast.engine, member) as session:
        assert queries.agreement_of(session, file_id, agreement_id).state is AgreementState.WITHDRAWN
        with pytest.raises(NotNow):
            service.withdraw_agreement(session, file_id, agreement_id)


def test_facts_touching_health_go_to_professionals_only(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], parts=("identity", "sensitive"))
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == {"identity"}


def test_a_partner_cannot_share_a_file_it_does_not_hold(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    with pytest.raises(NotAllowed):
        agree(cast.engine, cast.epicerie.people["intake"], file_id, [cast.secours])
    assert parts_seen(cast, cast.secours.people["intake"], file_id) == set()


def test_a_structure_of_another_network_cannot_be_chosen(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    with pytest.raises(Malformed):
        agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.elsewhere])


def test_an_agreement_ends_by_itself() -> None:
    day = today()
    assert agreement_state(day, day, withdrawn=False, today=day) is AgreementState.LIVE
    assert agreement_state(day, day, withdrawn=False, today=day + timedelta(days=1)) is AgreementState.EXPIRED
    assert agreement_state(day, day, withdrawn=False, today=day - timedelta(days=1)) is AgreementState.COMING


def test_an_expired_share_closes_without_any_job(cast: Cast, shared_base: object) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    shared_base.admin(  # type: ignore[attr-defined]
        "update share set valid_until = access.today() - 1 where household_id = %s and ground = 'agreement'",
        str(file_id),
    )
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == set()


@pytest.mark.parametrize("days", [-1, 366, 4000])
def test_an_agreement_lasts_a_year_at_most(cast: Cast, days: int) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    with pytest.raises(ValidationError):
        agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], days=days)


def test_who_sees_is_complete_for_the_holder_and_own_for_a_partner(cast: Cast) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"])
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie, cast.secours])
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert len(queries.who_sees(session, file_id)) == 3
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session:
        assert [seen.organisation_id for seen in queries.who_sees(session, file_id)] == [cast.epicerie.id]


def test_the_form_says_what_is_missing_in_french() -> None:
    with pytest.raises(ValidationError) as refused:
        AgreementForm.model_validate({})
    assert {error["loc"][0] for error in refused.value.errors()} >= {"adults", "recipients", "parts", "valid_until"}
