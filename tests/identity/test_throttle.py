"""Throttling: per account and per address, kept by the database, and silent about which accounts exist."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from coordination.identity.rules import ATTEMPTS_ANYWHERE, ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS, attempt_key
from coordination.identity.service import SignIn
from coordination.main import create_app
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser, settings_for
from tests.identity.make import tried


@pytest.fixture
def apps(base: Base) -> Iterator[tuple[Browser, Browser]]:
    """Two applications over the same database, as after a restart."""
    first, second = (create_app(settings_for(base.app_url), base.app_url) for _ in range(2))
    with TestClient(first), TestClient(second):
        yield Browser(first), Browser(second)


def attempt(browser: Browser, email: str, password: str = "faux") -> int:  # noqa: S107
    return int(browser.post("/connexion", data={"email": email, "password": password}).status_code)


def test_an_account_rests_after_ten_failures_even_with_the_right_password_and_after_a_restart(
    own_cast: Cast, apps: tuple[Browser, Browser]
) -> None:
    before, after = apps
    email = own_cast.ccas.emails["intake"]
    assert [attempt(before, email) for _ in range(ATTEMPTS_PER_ACCOUNT)] == [422] * ATTEMPTS_PER_ACCOUNT
    assert attempt(before, email, PASSWORD) == 429
    assert attempt(after, email, PASSWORD) == 429
    assert attempt(after, own_cast.ccas.emails["dpo"], PASSWORD) == 303


def test_an_unknown_account_rests_alike_with_the_same_page(own_cast: Cast, apps: tuple[Browser, Browser]) -> None:
    browser, _ = apps
    pages = []
    for email in (own_cast.ccas.emails["intake"], "personne@exemple.fr"):
        for _ in range(ATTEMPTS_PER_ACCOUNT):
            attempt(browser, email)
        answer = browser.post("/connexion", data={"email": email, "password": "faux"})
        assert answer.status_code == 429
        pages.append(answer.text)
    assert pages[0] == pages[1]
    assert "Patientez" in pages[0]


def test_the_rest_ends(own_cast: Cast, base: Base, apps: tuple[Browser, Browser]) -> None:
    browser, _ = apps
    email = own_cast.ccas.emails["intake"]
    for _ in range(ATTEMPTS_PER_ACCOUNT):
        attempt(browser, email)
    base.admin("update sign_in_attempt set at = at - interval '16 minutes'")
    assert attempt(browser, email, PASSWORD) == 303


def test_signing_in_forgets_the_failures_of_the_account(own_cast: Cast) -> None:
    email = own_cast.ccas.emails["intake"]
    for _ in range(3):
        for _ in range(ATTEMPTS_PER_ACCOUNT - 1):
            assert tried(own_cast.engine, email, "faux") == SignIn()
        assert tried(own_cast.engine, email, PASSWORD).token


def test_who_tries_anothers_passwords_shuts_herself_out_and_not_her(own_cast: Cast, base: Base) -> None:
    email = own_cast.ccas.emails["intake"]
    for _ in range(ATTEMPTS_PER_ACCOUNT):
        tried(own_cast.engine, email, "faux", address="198.51.100.7")
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.7") == SignIn(too_many=True)
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.8").token
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.7") == SignIn(too_many=True)
    base.admin(
        "insert into sign_in_attempt (id, key_hash, at)"
        " select gen_random_uuid(), %s, now() from generate_series(1, %s)",
        attempt_key("clef", "account", email), ATTEMPTS_ANYWHERE,
    )  # fmt: skip
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.8") == SignIn(too_many=True)


def test_a_home_of_many_long_addresses_counts_as_one(own_cast: Cast, apps: tuple[Browser, Browser]) -> None:
    page, email = apps[0], own_cast.ccas.emails["dpo"]
    answers = []
    for number in range(ATTEMPTS_PER_ACCOUNT + 1):
        page.come_from(f"2001:db8:1:2::{number:x}")
        answers.append(attempt(page, email))
    assert answers == [422] * ATTEMPTS_PER_ACCOUNT + [429]
    page.come_from("2001:db8:1:3::1")
    assert attempt(page, email, PASSWORD) == 303


def test_an_address_that_tries_many_accounts_rests_too(own_cast: Cast) -> None:
    for number in range(ATTEMPTS_PER_ADDRESS):
        assert tried(own_cast.engine, f"personne{number}@exemple.fr", "faux", address="198.51.100.7") == SignIn()
    email = own_cast.ccas.emails["intake"]
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.7") == SignIn(too_many=True)
    assert tried(own_cast.engine, email, PASSWORD, address="198.51.100.8").token


def test_the_table_of_attempts_names_nobody(own_cast: Cast, base: Base) -> None:
    tried(own_cast.engine, "claire@exemple.fr", "Mot-de-passe-secret", address="198.51.100.7")
    whole = str(base.admin("select * from sign_in_attempt"))
    assert "claire" not in whole
    assert "198.51" not in whole
    assert "secret" not in whole
