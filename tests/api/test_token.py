"""Tokens: what opens, what never does, what kills one; and no cookie anywhere."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jose import jwt

from coordination.identity import service
from coordination.identity.permissions import Role
from coordination.identity.tokens import AUDIENCE, Claim, read, sign
from coordination.kit.db import acting
from tests.api.make import API, Client, problem
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import TEST_KEY, Base, Browser

Api = Callable[[], Client]
ME = f"{API}/me"


def token_of(api: Api, email: str) -> str:
    return str(api().ask_token(email).json()["access_token"])


def me_with(api: Api, token: str) -> int:
    return int(api().get(ME, headers={"authorization": f"Bearer {token}"}).status_code)


def test_a_password_gives_a_token_that_says_who_one_is(api: Api, cast: Cast) -> None:
    client = api()
    answer = client.ask_token(cast.ccas.emails["intake"])
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 900
    assert answer.headers["cache-control"] == "no-store"
    client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    me = client.ok("GET", "/me")
    assert (me["roles"], me["organisation"]) == (["intake"], str(cast.ccas.id))
    assert [m["current"] for m in me["memberships"]] == [True]


def test_the_token_is_written_in_the_journal_and_among_ones_sessions(
    api: Api, app: FastAPI, cast: Cast, shared_base: Base
) -> None:
    count = "select count(*) from journal where verb = 'session.open'"
    before = shared_base.admin(count)[0][0]
    token_of(api, cast.ccas.emails["volunteer"])
    assert shared_base.admin(count)[0][0] == before + 1  # type: ignore[operator]
    page = Browser(app).sign_in(cast.ccas.emails["volunteer"], PASSWORD).get("/moi")
    assert "Application reliée (API)" in page.text


@pytest.mark.parametrize("wrong", ["password", "email", "membership"])
def test_every_refusal_says_the_same(api: Api, cast: Cast, wrong: str) -> None:
    email = cast.epicerie.emails["intake"]
    answer = {
        "password": lambda: api().ask_token(email, "Pas-le-bon 2026 !"),
        "email": lambda: api().ask_token("personne@exemple.fr"),
        "membership": lambda: api().ask_token(email, membership=str(cast.ccas.people["intake"].membership_id)),
    }[wrong]()
    assert answer.status_code == 400
    assert problem(answer) == {
        "type": "about:blank",
        "title": "Identifiants refusés",
        "status": 400,
        "detail": "Adresse, mot de passe ou structure incorrects.",
        "error": "invalid_grant",
    }


def test_the_membership_is_chosen_among_ones_own(api: Api, cast: Cast) -> None:
    email = "deux.structures@exemple.fr"
    first = add_person(cast.engine, cast.ccas, "two", [Role.INTAKE], professional=True, email=email)
    # Invited elsewhere with the account she has: her password stays.
    second = add_person(cast.engine, cast.secours, "two", [Role.VOLUNTEER], professional=False, email=email)
    for member in (first, second):
        answer = api().ask_token(email, membership=str(member.membership_id)).json()
        assert answer["membership"] == str(member.membership_id)
        client = api()
        client.headers["authorization"] = f"Bearer {answer['access_token']}"
        assert client.ok("GET", "/me")["organisation"] == str(member.organisation_id)


def test_wrong_passwords_are_counted_with_those_of_the_sign_in_page(api: Api, app: FastAPI, cast: Cast) -> None:
    email = cast.bonne_action.emails["council"]
    for _ in range(5):
        assert Browser(app).post("/connexion", data={"email": email, "password": "Non"}).status_code == 422
        assert api().ask_token(email, "Non").status_code == 400
    answer = api().ask_token(email)
    assert problem(answer)["status"] == 429
    assert answer.headers["retry-after"] == "900"
    assert Browser(app).post("/connexion", data={"email": email, "password": PASSWORD}).status_code == 429


def test_an_account_of_the_demonstration_is_refused_elsewhere(
    api: Api, app: FastAPI, cast: Cast, shared_base: Base
) -> None:
    email = cast.bonne_action.emails["dpo"]
    token = token_of(api, email)
    shared_base.admin("update account set demo = true where email = %s", email)
    assert me_with(api, token) == 200
    app.state.settings = app.state.settings.model_copy(update={"demo_asked": False})
    try:
        assert me_with(api, token) == 401
        assert api().ask_token(email).status_code == 400
    finally:
        app.state.settings = app.state.settings.model_copy(update={"demo_asked": True})


# ------------------------------------------------------------------ what kills one


def test_a_token_dies_when_it_is_revoked(api: Api, cast: Cast) -> None:
    client = api().sign_in(cast.ccas.emails["intake"])
    assert client.delete(f"{API}/token").status_code == 204
    answer = client.get(ME)
    assert problem(answer)["status"] == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="coordination", error="invalid_token"'


def test_a_token_dies_with_every_session_of_its_owner(api: Api, app: FastAPI, cast: Cast) -> None:
    email = cast.secours.emails["intake"]
    token = token_of(api, email)
    assert me_with(api, token) == 200
    Browser(app).sign_in(email, PASSWORD).post("/moi/deconnexion-partout")
    assert me_with(api, token) == 401


def test_a_token_dies_with_the_suspension_of_its_membership(api: Api, cast: Cast) -> None:
    leaving = add_person(cast.engine, cast.ccas, "leaving", [Role.INTAKE], professional=True)
    token = token_of(api, cast.ccas.emails["leaving"])
    with acting(cast.engine, cast.ccas.people["admin"]) as session:
        service.suspend(session, leaving.membership_id)
    assert me_with(api, token) == 401


def test_a_token_dies_when_its_session_acts_for_somebody_else(api: Api, cast: Cast, shared_base: Base) -> None:
    token = token_of(api, cast.epicerie.emails["volunteer"])
    claims = jwt.get_unverified_claims(token)
    other = cast.epicerie.people["intake"].membership_id
    shared_base.admin("update browser_session set membership_id = %s where id = %s", other, claims["sid"])
    assert me_with(api, token) == 401


def test_a_token_dies_after_a_quarter_of_an_hour(api: Api, cast: Cast, shared_base: Base) -> None:
    token = token_of(api, cast.epicerie.emails["intake"])
    claims = jwt.get_unverified_claims(token)
    lasts = "select expires_at - created_at from browser_session where id = %s"
    lasted = shared_base.admin(lasts, claims["sid"])[0][0]
    assert isinstance(lasted, timedelta)
    assert abs(lasted - timedelta(minutes=15)) < timedelta(seconds=5)
    assert claims["exp"] - claims["iat"] == 900
    shared_base.admin("update browser_session set expires_at = now() where id = %s", claims["sid"])
    assert me_with(api, token) == 401
    assert read(TEST_KEY, sign(TEST_KEY, CLAIM, datetime.now(UTC) - timedelta(minutes=16))) is None


# ------------------------------------------------------------------ what never opens

CLAIM = Claim(uuid4(), uuid4())
NOW = int(datetime.now(UTC).timestamp())
LATER = NOW + 86_400  # good for as long as the whole suite may last: a token too old is refused for that alone
GOOD = {"aud": AUDIENCE, "sub": str(uuid4()), "sid": str(uuid4()), "iat": NOW, "exp": LATER}


def forged(header: dict[str, str], claims: dict[str, object], signature: str = "") -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), signature])


def test_what_we_sign_we_read() -> None:
    assert read(TEST_KEY, sign(TEST_KEY, CLAIM, datetime.now(UTC))) == CLAIM
    assert read(TEST_KEY, jwt.encode(GOOD, TEST_KEY, "HS256")) is not None


@pytest.mark.parametrize(
    "token",
    [
        forged({"alg": "none", "typ": "JWT"}, GOOD),
        forged({"alg": "None"}, GOOD),
        forged({"alg": ""}, GOOD),
        forged({"typ": "JWT"}, GOOD),
        jwt.encode(GOOD, TEST_KEY + "x", "HS256"),
        jwt.encode(GOOD, "", "HS256"),
        jwt.encode(GOOD, TEST_KEY, "HS512"),
        jwt.encode({**GOOD, "aud": "autre"}, TEST_KEY, "HS256"),
        jwt.encode({**GOOD, "exp": NOW - 3600}, TEST_KEY, "HS256"),
        jwt.encode({**GOOD, "sid": "pas-un-uuid"}, TEST_KEY, "HS256"),
        *(jwt.encode({k: v for k, v in GOOD.items() if k != gone}, TEST_KEY, "HS256") for gone in GOOD),
        jwt.encode({**GOOD, "sid": 12}, TEST_KEY, "HS256"),
        "",
        "a.b.c",
        "é.è.à",
        "x" * 5000,
    ],
)
def test_a_token_we_did_not_sign_opens_nothing(token: str) -> None:
    assert read(TEST_KEY, token) is None


@given(st.integers(0, 10_000), st.characters(categories=(), include_characters="AZaz09-_."))
def test_a_token_in_which_one_letter_changed_opens_nothing_else(place: int, letter: str) -> None:
    token = sign(TEST_KEY, CLAIM, datetime.now(UTC))
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert read(TEST_KEY, changed) in (None, CLAIM)  # the last letter's spare bits say nothing


@given(st.text(max_size=80))
def test_anything_else_is_no_token(text: str) -> None:
    assert read(TEST_KEY, text) is None


def test_a_token_of_a_live_account_with_another_key_or_algorithm_is_refused(api: Api, cast: Cast) -> None:
    claims = jwt.get_unverified_claims(token_of(api, cast.ccas.emails["dpo"]))
    assert me_with(api, jwt.encode(claims, TEST_KEY, "HS256")) == 200
    for bad in (
        jwt.encode(claims, "une-autre-clef-de-quarante-caracteres-au-moins", "HS256"),
        jwt.encode(claims, TEST_KEY, "HS384"),
        forged({"alg": "none"}, claims),
        jwt.encode({**claims, "sub": str(cast.ccas.people["intake"].membership_id)}, TEST_KEY, "HS256"),
        jwt.encode({**claims, "sid": str(uuid4())}, TEST_KEY, "HS256"),
    ):
        assert me_with(api, bad) == 401


# ------------------------------------------------------------------ no cookie


def test_a_cookie_opens_nothing_here_and_a_token_no_page(api: Api, app: FastAPI, cast: Cast) -> None:
    signed_in = Browser(app).sign_in(cast.ccas.emails["intake"], PASSWORD)
    assert signed_in.get("/moi").status_code == 200
    answer = signed_in.get(ME)
    assert problem(answer)["status"] == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="coordination"'
    client = api().sign_in(cast.ccas.emails["intake"])
    assert client.get("/moi").status_code == 303
    token = client.headers["authorization"].removeprefix("Bearer ")
    assert api().get("/moi", headers={"cookie": f"session={token}"}).status_code == 303


def test_a_cookie_beside_a_token_changes_nothing(api: Api, app: FastAPI, cast: Cast) -> None:
    cookie = Browser(app).sign_in(cast.ccas.emails["admin"], PASSWORD).cookies["session"]
    client = api().sign_in(cast.ccas.emails["dpo"])
    assert client.get(ME, headers={"cookie": f"session={cookie}"}).json()["roles"] == ["dpo"]


def test_no_answer_sets_a_cookie(api: Api, app: FastAPI, cast: Cast) -> None:
    cookie = Browser(app).sign_in(cast.ccas.emails["intake"], PASSWORD).cookies["session"]
    for answer in (
        api().ask_token(cast.ccas.emails["intake"]),
        api().ask_token("x", "y"),
        api().get(ME, headers={"cookie": f"session={cookie}; mot=x"}),
    ):
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://ailleurs.exemple"}, {"origin": "null"}]
)
def test_another_site_cannot_make_a_browser_try_passwords(api: Api, cast: Cast, headers: dict[str, str]) -> None:
    form = {"username": cast.ccas.emails["intake"], "password": PASSWORD}
    assert problem(api().post(f"{API}/token", data=form, headers=headers))["status"] == 403
