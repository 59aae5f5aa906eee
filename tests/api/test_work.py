"""The work on the queue by the API: given, many at once, views kept, when one receives, services and places written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from coordination.kit.clock import today
from coordination.referrals.rules import Domain
from tests.api.make import API, Client, problem
from tests.cast import Cast
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree


@pytest.fixture(scope="module")
def sent(cast: Cast) -> list[str]:
    """Three referrals to the grocery."""
    worker = cast.ccas.people["intake"]
    file = open_household(cast.engine, worker)
    agree(cast.engine, worker, file, [cast.epicerie])
    domains = (Domain.FOOD, Domain.JOB, Domain.HOUSING)
    return [str(refer(cast.engine, worker, file, cast.epicerie, domain).id) for domain in domains]


@pytest.fixture(scope="module")
def grocer(cast: Cast, api: Callable[[], Client]) -> Client:
    return api().sign_in(cast.epicerie.emails["intake"])


def test_a_referral_is_given_to_a_colleague_once(grocer: Client, cast: Cast, sent: list[str]) -> None:
    home = f"/referrals/{sent[0]}"
    people = {one["name"]: one["id"] for one in grocer.ok("GET", "/colleagues")}
    assert grocer.ok("GET", f"{home}/follower") == {"referral": sent[0], "member": None, "name": "", "since": None}
    once = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        given = grocer.ok("POST", f"{home}/assign", json={"to": people["Volunteer"]}, headers=once)
        assert (given["member"], given["name"]) == (people["Volunteer"], "Volunteer")
    late = grocer.post(f"{API}{home}/assign", json={"to": people["Intake"]})
    assert (late.status_code, "Déjà confiée à Volunteer par Intake" in problem(late)["detail"]) == (409, True)
    stranger = str(cast.ccas.people["intake"].membership_id)
    asked = {"to": stranger, "seen": people["Volunteer"]}
    assert grocer.post(f"{API}{home}/assign", json=asked).status_code == 409
    passing, again = {"to": people["Intake"]}, {"Idempotency-Key": str(uuid4())}
    passed = [
        grocer.ok("POST", f"/colleagues/{people['Volunteer']}/hand-over", json=passing, headers=again) for _ in range(2)
    ]
    assert passed == [{"referrals": 1, "dates": 0, "together": 0}, dict.fromkeys(("referrals", "dates", "together"))]
    for wrong, to in (("Volunteer", people["Intake"]), ("Intake", stranger)):
        nothing = grocer.post(f"{API}/colleagues/{people[wrong]}/hand-over", json={"to": to})
        assert (nothing.status_code, "Rien n’a été modifié" in problem(nothing)["detail"]) == (409, True)
    assert grocer.ok("POST", f"{home}/assign", json={"to": None, "seen": people["Intake"]})["member"] is None


def test_many_are_answered_line_by_line_and_not_again(grocer: Client, sent: list[str]) -> None:
    unknown = str(uuid4())
    lines = [{"referral": key, "version": 1} for key in (sent[0], unknown, sent[1])]
    once = {"Idempotency-Key": str(uuid4())}
    first, second = (
        grocer.ok("POST", "/referrals/bulk", json={"deed": "accepter", "lines": lines}, headers=once) for _ in range(2)
    )
    assert [line["done"] for line in first] == [True, False, True]
    assert [(line["state"], line["version"]) for line in first] == [("accepted", 2), (None, None), ("accepted", 2)]
    assert first[1]["detail"]
    assert second == [{**line, "done": None, "detail": ""} for line in first], "as it stands, and nothing twice"
    refusing = {"deed": "refuser"}
    faults: list[dict[str, Any]] = [refusing, refusing | {"reason": "autre"}, {"deed": "tout"}, {"lines": []}]
    for faulty in faults:
        wrong = grocer.post(f"{API}/referrals/bulk", json={"deed": "accepter", "lines": lines} | faulty)
        assert problem(wrong)["status"] == 422
    assert grocer.ok("GET", f"/referrals/{sent[2]}")["state"] == "sent"


def test_a_view_is_kept_and_forgotten_by_its_own(grocer: Client, cast: Cast, api: Callable[[], Client]) -> None:
    asked = {"name": "À relancer", "filters": "cote=recues&bannette=sans-reponse"}
    kept = grocer.ok("POST", "/views", json=asked)
    assert grocer.ok("GET", "/views") == [kept] == [{**asked, "id": kept["id"]}]
    wrong = grocer.post(f"{API}/views", json={**asked, "filters": "//exemple.fr"})
    assert problem(wrong)["errors"][0]["field"] == "filters"
    other = api().sign_in(cast.epicerie.emails["volunteer"])
    assert other.ok("GET", "/views") == []
    address = f"{API}/views/{kept['id']}"
    assert [c.delete(address).status_code for c in (other, grocer, grocer)] == [404, 204, 404]


def test_a_structure_says_when_it_receives(grocer: Client) -> None:
    found = grocer.ok("GET", "/reception")
    assert (found["weekdays"][0], len(found["weekdays"]), found["version"]) == ("lundi", 5, 0)
    until = (today() + timedelta(days=3)).isoformat()
    closure = {"first": until, "last": until}
    asked = {"weekdays": ["mardi", "jeudi"], "closures": [closure], "full_until": until, "version": 0}
    assert grocer.ok("PUT", "/reception", json=asked) == {**asked, "version": 1} == grocer.ok("GET", "/reception")
    assert problem(grocer.put(f"{API}/reception", json=asked))["status"] == 409
    closed_backwards = [{"first": until, "last": "2020-01-01"}]
    wrong: list[dict[str, Any]] = [{"full_until": "2020-01-01"}, {"weekdays": []}, {"closures": closed_backwards}]
    for faulty in wrong:
        assert problem(grocer.put(f"{API}/reception", json={**asked, "version": 1} | faulty))["status"] == 422


def test_a_service_and_a_place_are_written_and_changed(grocer: Client, cast: Cast, api: Callable[[], Client]) -> None:
    keeper = api().sign_in(cast.ccas.emails["coordinator"])
    asked = {"name": "Point-justice", "email": "a@justice.exemple.fr", "domains": ["droits"], "communes": ["Carvin"]}
    once = {"Idempotency-Key": str(uuid4())}
    made, again = (keeper.ok("POST", "/services", json=asked, headers=once) for _ in range(2))
    assert made == again
    assert (made["active"], made["communes"], made["version"]) == (True, ["Carvin"], 1)
    home = f"/services/{made['id']}"
    changed = {**asked, "open_days": ["mardi"], "capacity": 4, "active": False, "version": 1}
    assert keeper.ok("PUT", home, json=changed) | changed == {**keeper.ok("GET", home), "version": 1}
    assert [row["active"] for row in grocer.ok("GET", "/services")] == [False]
    assert problem(keeper.put(API + home, json=changed))["status"] == 409
    wrong: list[dict[str, Any]] = [{"email": "a@b"}, {"domains": ["loisirs"]}, {"communes": ["Carvin, Lens"]}]
    for faulty in [*wrong, {"closed_from": "2027-01-01"}]:
        assert problem(keeper.post(f"{API}/services", json=asked | faulty))["status"] == 422
    place = grocer.ok("POST", "/places", json={"name": "Permanence", "address": "3 place Jaurès"})
    assert keeper.ok("GET", f"/places?organisation={cast.epicerie.id}") == [place]
    closing = {"name": "Permanence", "address": "5 place Jaurès", "closed": True, "version": 1}
    assert grocer.ok("PUT", f"/places/{place['id']}", json=closing)["closed"]
    assert problem(grocer.put(f"{API}/places/{place['id']}", json=closing))["status"] == 409
    assert keeper.put(f"{API}/places/{place['id']}", json=closing).status_code == 404
    assert keeper.ok("GET", f"/places?organisation={cast.epicerie.id}") == []
