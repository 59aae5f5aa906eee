"""The life of a file through the API: the verbs of the pages, replayed without harm, refused the same way."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from coordination.kit.clock import today
from tests.api.make import API, Client, problem
from tests.cast import Cast


@pytest.fixture(scope="module")
def worker(cast: Cast, api: Callable[[], Client]) -> Client:
    return api().sign_in(cast.ccas.emails["intake"])


@pytest.fixture(scope="module")
def partner(cast: Cast, api: Callable[[], Client]) -> Client:
    return api().sign_in(cast.secours.emails["intake"])


def family(client: Client, name: str) -> tuple[str, dict[str, Any]]:
    """A couple and a child since 2024; its address, and its people by link."""
    people = [{"given_name": "Paul", "link": "partner"}, {"given_name": "Zoé", "birth": "2019", "link": "child"}]
    body = {"family_name": name, "given_name": "Ada", "birth": "1990-03-12", "commune": "Carvin", "people": people}
    file = client.ok("POST", "/households", json={**body, "confirm": True})["id"]
    home = f"/households/{file}"
    for one in client.ok("GET", f"{home}/people"):
        kept = ("family_name", "given_name", "birth", "link", "weight", "version")
        client.ok(
            "PUT",
            f"{home}/people/{one['id']}",
            json={**{key: one[key] for key in kept}, "from_date": "2024-01-01"},
        )
    return home, by_link(client, home)


def by_link(client: Client, home: str) -> dict[str, Any]:
    return {one["link"]: one for one in client.ok("GET", f"{home}/people")}


def refused(client: Client, path: str, body: dict[str, Any], status: int = 409) -> dict[str, Any]:
    answer = client.post(API + path, json=body)
    assert answer.status_code == status, answer.text
    return problem(answer)


def test_somebody_leaves_comes_back_and_dies(worker: Client) -> None:
    home, people = family(worker, "Partant")
    place = f"{home}/people/{people['partner']['id']}"
    left = {"on": "2025-01-31", "reason": "etudes_travail", "version": people["partner"]["version"]}
    key = {"Idempotency-Key": uuid4().hex}
    gone = worker.ok("POST", f"{place}/departure", json=left, headers=key)
    assert gone["until_date"] == "2025-01-31"
    assert worker.ok("POST", f"{place}/departure", json=left, headers=key) == gone
    assert "modifié" in refused(worker, f"{place}/departure", left)["detail"]
    back = worker.ok(
        "POST", f"{place}/return", json={"on": "2025-06-01", "link": "partner", "version": gone["version"]}
    )
    assert (back["from_date"], back["until_date"]) == ("2025-06-01", None)
    dead = worker.ok("POST", f"{place}/death", json={"on": "2025-09-01", "version": back["version"]})
    assert dead["until_date"] == "2025-09-01"
    assert refused(worker, f"{place}/departure", {**left, "reason": "deces"}, 422)["errors"][0]["field"] == "reason"
    assert refused(worker, f"{place}/departure", {**left, "on": "0001-01-01"}, 422)["errors"][0]["field"] == "on"


def test_a_child_comes_of_age_once_there_is_reason_to(worker: Client) -> None:
    home, people = family(worker, "Majeure")
    child = people["child"]
    place = f"{home}/people/{child['id']}/majority"
    stays = {"on": "2025-03-01", "lives": "ici", "link": "child", "version": child["version"]}
    assert "18 ans" in refused(worker, place, stays)["detail"]
    refused(worker, place, {**stays, "lives": "propre_dossier"}, 422)
    kept = ("family_name", "given_name", "link", "weight", "version", "from_date")
    older = {**{key: child[key] for key in kept}, "birth": "2006"}
    child = worker.ok("PUT", f"{home}/people/{child['id']}", json=older)
    assert f"/households/{worker.ok('POST', place, json={**stays, 'version': child['version']})['id']}" == home
    noted = by_link(worker, home)["child"]
    assert noted["from_date"] == "2025-03-01"
    left = {
        **stays,
        "on": today().isoformat(),
        "lives": "propre_dossier",
        "commune": "Lens",
        "version": noted["version"],
    }
    own = worker.ok("POST", place, json=left)
    assert f"/households/{own['id']}" != home
    assert [one["link"] for one in worker.ok("GET", f"/households/{own['id']}/people")] == ["reference"]


def test_a_household_is_split_moves_is_closed_and_opened_again(worker: Client) -> None:
    home, people = family(worker, "Séparé")
    places = [
        {"person": people["reference"]["id"], "place": "reste_ici"},
        {"person": people["partner"]["id"], "place": "nouveau_dossier", "link": "reference"},
        {"person": people["child"]["id"], "place": "les_deux"},
    ]
    made = worker.post(f"{API}{home}/separation", json={"on": "2025-07-01", "commune": "Lens", "people": places})
    assert made.status_code == 201
    new = made.headers["location"].removeprefix(API)
    assert set(by_link(worker, new)) == {"reference", "shared_child"}
    moved = worker.ok(
        "POST", f"{home}/move", json={"on": "2025-08-01", "commune": "Liévin", "address": "3 rue X", "version": 1}
    )
    assert (moved["commune"], moved["version"]) == ("Liévin", 2)
    assert worker.ok("POST", f"{home}/close", json={"reason": "sans_nouvelles"})["closed_at"]
    assert "clos" in refused(worker, f"{home}/needs", {"domain": "logement", "summary": "Loyer"})["detail"]
    assert worker.ok("POST", f"{home}/reopen")["closed_at"] is None
    assert refused(worker, f"{home}/reopen", {})["title"]


def test_a_file_is_handed_over_to_a_partner_the_household_trusts(cast: Cast, worker: Client, partner: Client) -> None:
    home, people = family(worker, "Confié")
    to = {"to": str(cast.secours.id)}
    assert "accord" in refused(worker, f"{home}/transfer", to)["detail"]
    agreed(worker, home, people, str(cast.secours.id))
    assert worker.ok("POST", f"{home}/transfer", json=to) == {"household": home.rsplit("/", 1)[-1], **to}
    assert worker.get(API + home).status_code == 404
    assert partner.ok("GET", home)["held"]


def agreed(client: Client, home: str, people: dict[str, Any], to: str, **more: str) -> None:
    adults = [{"person": people[link]["id"], "answer": "agrees"} for link in ("reference", "partner")]
    body = {"adults": adults, "recipients": [to], "parts": ["identity"], "audience": "all", "purpose": "support"}
    client.ok(
        "POST", f"{home}/agreements", json={**body, "given_how": "oral", "valid_until": today().isoformat(), **more}
    )


def test_access_is_asked_by_a_code_and_answered_by_the_holder(cast: Cast, worker: Client, partner: Client) -> None:
    home, people = family(worker, "Demandé")
    code = worker.ok("GET", home)["code"]
    asked = {"code": code, "parts": ["identity"], "purpose": "support"}
    first = partner.ok("POST", "/access-requests", json=asked)
    assert (first["state"], first["code"]) == ("asked", code)
    refused(partner, "/access-requests", asked)
    (waits,) = worker.ok("GET", f"{home}/access-requests")
    assert waits["id"] == first["id"]
    place = f"{home}/access-requests/{first['id']}/decline"
    assert worker.ok("POST", place, json={"reason": "not_needed"})["state"] == "declined"
    refused(worker, place, {"reason": "not_needed"})
    second = partner.ok("POST", "/access-requests", json=asked)
    agreed(worker, home, people, str(cast.secours.id), request=second["id"])
    told = {one["id"]: (one["state"], one["reason"]) for one in partner.ok("GET", "/access-requests")}
    assert told[first["id"]] == ("declined", "not_needed")
    assert told[second["id"]] == ("accepted", None)
    assert partner.ok("GET", home)["parts"] == ["identity"]


def test_two_files_are_merged_once_what_closes_was_read_and_parted_again(cast: Cast, worker: Client) -> None:
    (kept, ours), (other, theirs) = family(worker, "Double"), family(worker, "Double")
    agreed(worker, other, theirs, str(cast.secours.id))
    versions = [worker.ok("GET", f"{home}/profile")["version"] for home in (kept, other)]
    body = {
        "absorbed": other.rsplit("/", 1)[-1],
        "people": [{"person": theirs[link]["id"], "same": ours[link]["id"]} for link in theirs],
        "kept_version": versions[0],
        "absorbed_version": versions[1],
    }
    closing = refused(worker, f"{kept}/merges", body)["closing"]
    assert closing == f"{cast.secours.id}:identity"
    done = worker.ok("POST", f"{kept}/merges", json={**body, "closing": closing})
    assert worker.ok("GET", f"{kept}/merges") == [done]
    assert worker.ok("GET", other)["closed_at"]
    assert "réuni" in refused(worker, f"{other}/reopen", {})["detail"]
    assert worker.ok("POST", f"{kept}/merges/{done['id']}/undo")["undone"]
    assert worker.ok("GET", other)["closed_at"] is None
    assert "défaite" in refused(worker, f"{kept}/merges/{done['id']}/undo", {})["detail"]
