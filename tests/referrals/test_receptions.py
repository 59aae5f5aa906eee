"""A partner says when it receives: delays follow its days, and it is proposed when it can take people."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.kit.errors import NotAllowed, Stale
from coordination.kit.web import date_fr
from coordination.referrals import receptions
from coordination.referrals.forms import ReceptionForm
from coordination.referrals.rules import Domain
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.referrals.make import note_need, refer
from tests.sharing.make import agree


@pytest.fixture
def household(cast: Cast) -> UUID:
    made = open_household(cast.engine, cast.ccas.people["intake"], "Nguyen", "Linh")
    agree(cast.engine, cast.ccas.people["intake"], made, [cast.epicerie])
    return made


@pytest.fixture(autouse=True)
def nothing_said(shared_base: Base) -> None:
    shared_base.admin("delete from reception")


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_delays_follow_the_days_of_the_partner(cast: Cast, household: UUID) -> None:
    worker = cast.ccas.people["intake"]
    plain = refer(cast.engine, worker, household, cast.epicerie)
    with acting(cast.engine, cast.epicerie.people["admin"]) as session:
        receptions.set_reception(session, ReceptionForm(weekdays=[1]))
    seldom = refer(cast.engine, worker, household, cast.epicerie)
    assert (seldom.late_at - seldom.sent_at).days > 40 > (plain.late_at - plain.sent_at).days
    assert seldom.late_at.weekday() == 1


def test_who_is_full_is_no_longer_proposed_and_comes_last(cast: Cast, household: UUID, shared_base: Base) -> None:
    shared_base.admin("update organisation set slug = 'secours-populaire' where id = %s", cast.secours.id)
    worker = cast.ccas.people["intake"]
    with acting(cast.engine, worker) as session:
        first, *rest = receptions.proposals(session, household, Domain.FOOD)
        assert (first.partner.id, first.why) == (cast.secours.id, "Aide alimentaire sans condition de commune")
        assert [one.why for one in rest] == ["", ""]
    until = today() + timedelta(days=3)
    with acting(cast.engine, cast.secours.people["coordinator"]) as session:
        receptions.set_reception(session, ReceptionForm(weekdays=[0], full_until=until))
    with acting(cast.engine, worker) as session:
        last = receptions.proposals(session, household, Domain.FOOD)[-1]
        assert (last.partner.id, last.why, last.busy) == (cast.secours.id, "", f"Complet jusqu’au {date_fr(until)}.")
    with acting(cast.engine, cast.elsewhere.people["intake"]) as session:
        assert receptions.reception_of(session, cast.secours.id) is None, "another network reads nothing of it"


def test_a_route_to_an_outside_service_says_why_before_what_its_record_answers(cast: Cast, household: UUID) -> None:
    keeper, worker = cast.ccas.people["coordinator"], cast.ccas.people["intake"]
    suited = outside(cast.engine, keeper, name="Antenne des droits")
    routed = outside(cast.engine, keeper, name="Point justice", domains=["budget"])
    with acting(cast.engine, worker) as session:
        found = receptions.proposals(session, household, Domain.RIGHTS)
    said = [(one.partner.id, one.why) for one in found[:3]]
    assert said[:2] == [(routed, "Consultation gratuite d’un juriste, au tribunal"), (suited, receptions.SUITS)]
    assert said[2][1] == ""


def test_two_colleagues_do_not_overwrite_each_other(cast: Cast) -> None:
    person = cast.epicerie.people["intake"]
    with acting(cast.engine, person) as session:
        assert receptions.set_reception(session, ReceptionForm(weekdays=[0, 1])).version == 1
    with pytest.raises(Stale), acting(cast.engine, person) as session:
        receptions.set_reception(session, ReceptionForm(weekdays=[2]))
    with pytest.raises(NotAllowed), acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        receptions.set_reception(session, ReceptionForm(weekdays=[2], version=1))


def test_the_page_keeps_what_was_typed_and_refuses_the_impossible(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base
) -> None:
    page = browser().sign_in(cast.epicerie.emails["admin"], PASSWORD)
    assert text(page.get("/disponibilite").text).count("Lundi") == 1
    typed = {"version": "0", "weekdays": ["0", "3"], "closures-0-first": "24/12/2026", "closures-0-last": "20/12/2026"}
    refused = page.post("/disponibilite", data=typed)
    assert refused.status_code == 422
    assert "24/12/2026" in refused.text
    assert "Le dernier jour vient après le premier" in text(refused.text)
    past = page.post("/disponibilite", data={"version": "0", "weekdays": ["0"], "full_until": "01/01/2020"})
    assert (past.status_code, "Cette date est passée" in text(past.text)) == (422, True)
    assert page.post("/disponibilite", data={"version": "0"}).status_code == 422, "open on no day"
    assert shared_base.admin("select count(*) from reception") == [(0,)]
    kept = page.post("/disponibilite", data={**typed, "closures-0-last": "02/01/2027"})
    assert kept.status_code == 303
    assert shared_base.admin("select weekdays, closures from reception") == [([0, 3], ["2026-12-24/2027-01-02"])]
    stale = page.post("/disponibilite", data={**typed, "closures-0-last": "02/01/2027"})
    assert stale.status_code == 409
    assert "24/12/2026" in page.get("/disponibilite").text


def test_the_partners_of_a_domain_are_shown_before_the_need_is_sent(
    cast: Cast, household: UUID, browser: Callable[[], Browser], shared_base: Base
) -> None:
    shared_base.admin("update organisation set slug = 'secours-populaire' where id = %s", cast.secours.id)
    page, address = browser().sign_in(cast.ccas.emails["intake"], PASSWORD), f"/foyers/{household}/besoins/nouveau"
    shown = page.post(address, data={"domain": "alimentation", "summary": "Rien à manger", "proposer": "oui"})
    assert shown.status_code == 200
    said = text(shown.text)
    assert "À proposer d’abord" in said
    assert "Aide alimentaire sans condition de commune" in said
    assert "Rien à manger" in shown.text
    swapped = page.post(address, data={"domain": "alimentation", "proposer": "oui"}, headers={"HX-Request": "true"})
    assert "<html" not in swapped.text
    assert "À proposer d’abord" in text(swapped.text)
    assert shared_base.admin("select count(*) from need where household_id = %s", household) == [(0,)]
    need = note_need(cast.engine, cast.ccas.people["intake"], household, Domain.FOOD)
    assert "À proposer d’abord" in text(page.get(f"/foyers/{household}/besoins/{need}/orienter").text)
