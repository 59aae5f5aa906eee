"""Withdrawal: what will stop is shown first; one structure's share or one part may end alone, history kept."""

from collections.abc import Callable
from uuid import UUID

import pytest

from coordination.households import queries as households
from coordination.kit.actor import Member
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotNow
from coordination.referrals import service as referrals
from coordination.referrals.rules import Domain
from coordination.sharing import queries, service
from coordination.sharing.rules import AgreementState, SharedPart
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree


def parts_seen(cast: Cast, member: Member, household_id: UUID) -> set[str]:
    with ActorSession(cast.engine, member) as session:
        return households.visible_parts(session, household_id)


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def file_id(cast: Cast, worker: Member) -> UUID:
    return open_household(cast.engine, worker)


@pytest.fixture
def agreement_id(cast: Cast, worker: Member, file_id: UUID) -> UUID:
    return agree(cast.engine, worker, file_id, [cast.epicerie, cast.secours], parts=("identity", "budget", "needs"))


def test_one_part_ends_alone(cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID) -> None:
    with acting(cast.engine, worker) as session:
        service.withdraw_part(session, file_id, agreement_id, cast.epicerie.id, SharedPart.BUDGET)
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == {"identity", "needs"}
    assert parts_seen(cast, cast.secours.people["intake"], file_id) == {"identity", "budget", "needs"}
    with ActorSession(cast.engine, worker) as session:
        view = queries.agreement_of(session, file_id, agreement_id)
        assert view.state is AgreementState.LIVE
        assert [name for name, _ in view.recipients] == ["Secours populaire", "Épicerie solidaire"]
        ended = [line for line in queries.opened_by(session, file_id, agreement_id) if line.ended_at]
        assert [(line.organisation_id, line.part) for line in ended] == [(cast.epicerie.id, SharedPart.BUDGET)]
        with pytest.raises(NotNow):
            service.withdraw_part(session, file_id, agreement_id, cast.epicerie.id, SharedPart.BUDGET)


@pytest.mark.parametrize("part", [None, SharedPart.IDENTITY])
def test_one_structure_ends_alone_and_nothing_is_read_without_the_identity(
    cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID, part: SharedPart | None
) -> None:
    with acting(cast.engine, worker) as session:
        service.withdraw_part(session, file_id, agreement_id, cast.epicerie.id, part)
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == set()
    assert parts_seen(cast, cast.secours.people["intake"], file_id) == {"identity", "budget", "needs"}


def test_the_agreement_ends_with_its_last_share(cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID) -> None:
    for organised in (cast.epicerie, cast.secours):
        with acting(cast.engine, worker) as session:
            service.withdraw_part(session, file_id, agreement_id, organised.id)
    with ActorSession(cast.engine, worker) as session:
        assert queries.agreement_of(session, file_id, agreement_id).state is AgreementState.WITHDRAWN


def test_the_door_withdraws_for_nobody_else(cast: Cast, file_id: UUID, agreement_id: UUID) -> None:
    for organised in (cast.epicerie, cast.bonne_action, cast.elsewhere):
        with (
            ActorSession(cast.engine, organised.people["intake"]) as session,
            pytest.raises(Exception, match="not hers"),
        ):
            session.door("access.revoke_agreement(:id, :to)", id=agreement_id, to=cast.epicerie.id)
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == {"identity", "budget", "needs"}


def test_what_will_stop_is_shown_before_and_nothing_stops_by_looking(
    cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID, browser: Callable[[], Browser]
) -> None:
    with acting(cast.engine, worker) as session:
        need = referrals.add_need(session, file_id, Domain.HOUSING, "Loyer impayé")
    with acting(cast.engine, worker) as session:
        sent = referrals.send_referral(session, need.id, cast.epicerie.id)
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    here = f"/foyers/{file_id}/accords/{agreement_id}/retirer"
    whole = client.get(here).text
    for words in (
        "Épicerie solidaire",
        "Secours populaire",
        "Budget et reste à vivre",
        sent.household_code,
        "logement",
    ):
        assert words in whole
    assert "perdent leur dossier" in whole
    budget = client.get(f"{here}?structure={cast.epicerie.id}&partie=budget").text
    assert "Aucune orientation en cours ne s’arrête." in budget
    other = client.get(f"{here}?structure={cast.secours.id}").text
    assert "Aucune orientation en cours ne s’arrête." in other
    assert parts_seen(cast, cast.epicerie.people["intake"], file_id) == {"identity", "budget", "needs"}

    posted = client.post(here, data={"recipient": str(cast.epicerie.id), "part": "budget"})
    assert posted.status_code == 303
    receipt = client.get(f"/foyers/{file_id}/accords/{agreement_id}").text
    assert "Ce qui a été retiré depuis" in receipt
    assert client.post(here).status_code == 303
    assert parts_seen(cast, cast.secours.people["intake"], file_id) == set()


def test_a_part_that_another_agreement_opens_is_said_to_stay(
    cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID, browser: Callable[[], Browser]
) -> None:
    agree(cast.engine, worker, file_id, [cast.epicerie], parts=("identity",))
    with ActorSession(cast.engine, worker) as session:
        kept = [line.part for line in queries.opened_by(session, file_id, agreement_id) if line.kept_until]
    assert kept == [SharedPart.IDENTITY]
