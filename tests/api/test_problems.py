"""Every refusal under /api is a problem (RFC 9457) in French; and the OpenAPI document says so."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from fastapi import FastAPI
from psycopg_pool import PoolTimeout
from sqlalchemy import Engine

from coordination.main import document
from tests.api.make import API, Client, problem
from tests.cast import Cast

Api = Callable[[], Client]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def client(api: Api, cast: Cast) -> Client:
    return api().sign_in(cast.ccas.emails["intake"])


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/households"])
def test_an_unknown_address(client: Client, path: str) -> None:
    assert problem(client.get(path))["status"] == 404


def test_a_wrong_verb(client: Client) -> None:
    assert problem(client.put(f"{API}/households"))["status"] == 405


def test_an_unknown_file_and_a_malformed_one_are_alike(client: Client) -> None:
    assert problem(client.get(f"{API}/households/{uuid4()}")) == problem(client.get(f"{API}/households/x"))


def test_no_token(api: Api) -> None:
    for header in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer"}, {"authorization": "Bearer x"}):
        answer = api().get(f"{API}/households", headers=header)
        assert problem(answer)["status"] == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_role_that_may_not(api: Api, cast: Cast) -> None:
    assert problem(api().sign_in(cast.ccas.emails["dpo"]).get(f"{API}/households"))["status"] == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [("size=0", "size"), ("size=101", "size"), ("size=x", "size"), ("after=zzz", "after"), ("after=é", "after")],
)
def test_a_faulty_parameter_is_named(client: Client, query: str, field: str) -> None:
    said = problem(client.get(f"{API}/households?{query}"))
    assert said["status"] == 422
    assert [fault["field"] for fault in said["errors"]] == [field]


def test_a_faulty_form_names_its_fields(api: Api) -> None:
    said = problem(api().post(f"{API}/token", data={"username": "a\x00b", "autre": "x"}))
    assert {fault["field"]: fault["detail"] for fault in said["errors"]} == {
        "username": "Ce texte contient des caractères illisibles.",
        "password": "À remplir.",
        "autre": "Champ inconnu.",
    }


def test_too_large_announced_or_not(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 300_000 for _ in range(4))

    for body in (b"x" * 1_100_000, chunks()):
        answer = client.post(f"{API}/token", content=body, headers=FORM)
        assert problem(answer)["status"] == 413


def test_an_unreadable_address(client: Client) -> None:
    assert problem(client.get(f"{API}/households?after=%00"))["status"] == 422


def test_a_failure_is_a_problem_that_tells_nothing(app: FastAPI, client: Client) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret")

    engine = app.state.engine
    try:
        app.state.engine = broken
        answer = client.get(f"{API}/me")
    finally:
        app.state.engine = engine
    assert problem(answer)["status"] == 500
    assert "secret" not in answer.text


def test_a_base_that_does_not_answer(app: FastAPI, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(engine: Engine) -> None:
        raise PoolTimeout("nobody")

    monkeypatch.setattr(Engine, "connect", connect)
    assert problem(client.get(f"{API}/me"))["status"] == 503


# ------------------------------------------------------------------ the document


def test_the_document_is_public_and_holds_every_route(api: Api) -> None:
    answer = api().get(f"{API}/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document()
    assert answer.json()["openapi"].startswith("3.1")


def test_every_operation_says_what_it_is_for_and_how_it_refuses() -> None:
    for path, operations in document()["paths"].items():
        for verb, operation in operations.items():
            assert operation["summary"], path
            assert len(operation["description"]) > 20, path
            refusals = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert {"403", "413", "422", "500", "503"} <= set(refusals), (verb, path)
            assert ("401" in refusals) == ("security" in operation), (verb, path)
            for refusal in refusals.values():
                assert list(refusal["content"]) == ["application/problem+json"]


def test_only_the_token_and_what_reads_no_file_are_asked_without_a_token() -> None:
    free = [path for path, ops in document()["paths"].items() for op in ops.values() if "security" not in op]
    assert sorted(free) == [f"{API}/reste-a-vivre", f"{API}/token"]


def test_every_amount_says_it_is_in_cents_and_every_model_says_what_it_is() -> None:
    for name, schema in document()["components"]["schemas"].items():
        if schema.get("type") == "object" and not name.startswith("Listed_"):
            assert schema.get("description"), name
        for field, said in schema.get("properties", {}).items():
            if "cents" in field:
                assert "centime" in said.get("description", "").lower(), (name, field)
