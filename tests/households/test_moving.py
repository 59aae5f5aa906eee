"""A household that moves, a minor alone with somebody who answers for her, no fixed address: all normal."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from coordination.households import life, queries, service
from coordination.households.forms import MoveForm, ProfileForm
from coordination.households.queries import NotHolder
from coordination.households.rules import AddressKind
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotNow, Stale
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree

DAY = date(2026, 3, 1)


@pytest.fixture
def file_id(cast: Cast) -> UUID:
    made = open_household(cast.engine, cast.ccas.people["intake"])
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        service.update_profile(session, made, ProfileForm(commune="Carvin", address="3 rue des Lilas", version=1))
    return made


def move(cast: Cast, file_id: UUID, version: int, on: date = DAY) -> None:
    form = MoveForm(on=on, commune="Lens", address_kind=AddressKind.NONE, version=version)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        life.move(session, file_id, form)


def test_the_former_address_is_kept_until_its_last_day(cast: Cast, file_id: UUID) -> None:
    move(cast, file_id, 2)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        profile = queries.profile_of(session, file_id)
        assert profile is not None
        assert (profile.commune, profile.address, profile.address_kind) == ("Lens", "", "sans")
        (past,) = queries.past_addresses(session, file_id)
        assert (past.commune, past.address, past.until_date) == ("Carvin", "3 rue des Lilas", date(2026, 2, 28))


def test_one_does_not_move_twice_backwards_nor_over_somebody_else_s_words(cast: Cast, file_id: UUID) -> None:
    with pytest.raises(Stale):
        move(cast, file_id, 1)
    move(cast, file_id, 2)
    with pytest.raises(NotNow):
        move(cast, file_id, 3)
    move(cast, file_id, 3, on=date(2026, 3, 2))


def test_a_partner_sees_where_the_household_lives_and_never_where_it_lived(cast: Cast, file_id: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours], parts=("identity",))
    move(cast, file_id, 2)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.past_addresses(session, file_id) == []
        with pytest.raises(NotHolder):
            life.move(session, file_id, MoveForm(on=DAY, commune="X", address_kind=AddressKind.NONE, version=3))


def test_a_move_through_its_screen(cast: Cast, file_id: UUID, browser: Callable[[], Browser]) -> None:
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    place = f"/foyers/{file_id}/demenagement"
    assert place in client.get(f"/foyers/{file_id}").text
    assert client.get(place).status_code == 200
    typed = {"on": "01/03/2026", "commune": "Lens", "address_kind": "fixe", "address": "8 place Verte", "version": "1"}
    stale = client.post(place, data=typed)
    assert (stale.status_code, "8 place Verte" in stale.text) == (409, True)
    assert client.post(place, data={**typed, "version": "2"}).status_code == 303
    assert "8 place Verte" in client.get(f"/foyers/{file_id}").text
    shown = client.get(f"/foyers/{file_id}/composition").text
    assert "3 rue des Lilas" in shown
    assert "28 février 2026" in shown


def test_a_minor_alone_has_somebody_who_answers_for_her(cast: Cast, browser: Callable[[], Browser]) -> None:
    minor = open_household(cast.engine, cast.ccas.people["intake"], "Diallo", "Awa", birth="2011")
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    typed = {"commune": "Carvin", "address_kind": "sans", "representative_name": "Fatou Diallo", "version": "1"}
    typed |= {"representative_link": "tante", "representative_phone": "06 12 34 56 78"}
    assert client.post(f"/foyers/{minor}/modifier", data=typed).status_code == 303
    assert "Fatou Diallo (tante), 06 12 34 56 78" in client.get(f"/foyers/{minor}").text
    assert 'value="tante"' in client.get(f"/foyers/{minor}/modifier").text
