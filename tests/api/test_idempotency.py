"""A POST sent again under its key: one deed, one line in the journal, and nothing of what was said is kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from httpx import Response

from tests.api.make import API, Client, problem
from tests.cast import Cast
from tests.conftest import Base

Api = Callable[[], Client]
FILE = {"family_name": "Verhaeghe", "commune": "Carvin", "confirm": True}


@pytest.fixture(scope="module")
def client(api: Api, cast: Cast) -> Client:
    return api().sign_in(cast.ccas.emails["intake"])


def opened(client: Client, key: str, body: Any = FILE) -> Response:
    answer: Response = client.post(f"{API}/households", json=body, headers={"idempotency-key": key})
    return answer


def count(base: Base, table: str = "household") -> Any:
    return base.admin(f"select count(*) from {table}")[0][0]


def test_the_same_request_twice_makes_one_file(client: Client, shared_base: Base) -> None:
    before = count(shared_base)
    first, second = opened(client, "une-clef"), opened(client, "une-clef")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"] == f"{API}/households/{first.json()['id']}"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert count(shared_base) == before + 1


def test_without_a_key_each_request_is_one(client: Client) -> None:
    ids = {client.ok("POST", "/households", json=FILE)["id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_same_key_for_something_else_is_refused(client: Client, cast: Cast) -> None:
    first = opened(client, "autre-clef").json()
    for answer in (
        opened(client, "autre-clef", {**FILE, "given_name": "Ada"}),
        client.post(
            f"{API}/households/{first['id']}/people",
            json={"family_name": "Verhaeghe", "link": "child"},
            headers={"idempotency-key": "autre-clef"},
        ),
    ):
        assert problem(answer)["status"] == 422
        assert "déjà servi" in answer.text


def test_a_key_belongs_to_its_membership(client: Client, api: Api, cast: Cast) -> None:
    mine = opened(client, "clef-commune").json()
    hers = opened(api().sign_in(cast.epicerie.emails["intake"]), "clef-commune").json()
    assert mine["id"] != hers["id"]


def test_what_was_refused_may_be_sent_again_under_its_key(client: Client, shared_base: Base) -> None:
    opened(client, "premier", {**FILE, "family_name": "Delattre", "given_name": "Rosalie"})
    again = {**FILE, "family_name": "Delattre", "given_name": "Rosalie", "confirm": False}
    refused = opened(client, "doublon", again)
    assert problem(refused)["title"] == "Doublon probable"
    assert len(refused.json()["households"]) == 1
    assert opened(client, "doublon", {**again, "confirm": True}).status_code == 201


def test_two_sendings_at_once_make_one_file(client: Client, api: Api, cast: Cast, shared_base: Base) -> None:
    before = count(shared_base)
    clients = [api().sign_in(cast.ccas.emails["intake"]) for _ in range(2)]
    for round_ in range(3):
        ready = Barrier(2)

        def send(one: Client, key: str = f"ensemble-{round_}", ready: Barrier = ready) -> Response:
            ready.wait()
            return opened(one, key)

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(send, clients))
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == 1
    assert count(shared_base) == before + 3


def test_a_key_is_forgotten_after_a_day(client: Client, shared_base: Base) -> None:
    first = opened(client, "vieille-clef").json()
    shared_base.admin("update idempotency set created_at = now() - interval '25 hours'")
    second = opened(client, "vieille-clef")
    assert second.json()["id"] != first["id"]
    assert "idempotency-replayed" not in second.headers
    assert shared_base.admin("select 1 from idempotency where resource_id = %s", first["id"]) == []


def test_what_is_shown_again_is_read_through_the_wall_as_it_is_now(
    api: Api, client: Client, cast: Cast, shared_base: Base
) -> None:
    body = {"family_name": "Fermé", "link": "child"}
    file = client.ok("POST", "/households", json=FILE)
    path = f"{API}/households/{file['id']}/people"
    first = client.post(path, json=body, headers={"idempotency-key": "enfant"})
    assert first.status_code == 201
    shared_base.admin("update share set revoked_at = now() where household_id = %s", file["id"])
    again = client.post(path, json=body, headers={"idempotency-key": "enfant"})
    assert problem(again)["status"] == 404


def test_nothing_of_what_was_said_is_kept(client: Client, shared_base: Base) -> None:
    opened(client, "discret", {**FILE, "family_name": "Zyskowicz"})
    kept = str(shared_base.admin("select idempotency::text from idempotency"))
    assert "Zyskowicz" not in kept
    assert "discret" not in kept


def test_a_key_that_is_no_key_is_refused(client: Client) -> None:
    for key in ("", "x" * 201, "avec espace", "a\tb"):
        answer = opened(client, key)
        assert problem(answer)["status"] == 422
        assert [fault["field"] for fault in answer.json()["errors"]] == ["Idempotency-Key"]
