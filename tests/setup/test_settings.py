"""The settings: what is missing is said in French, and nothing secret is guessed."""

import os
from pathlib import Path

import pytest

from coordination.cli import addressed
from coordination.settings import Settings, SettingsError, get_settings, load_settings, variables

REAL = {"DATABASE_URL": "postgresql://coordination_app:x@db/coordination"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name in variables():
            monkeypatch.delenv(name)
    monkeypatch.setenv("COORDINATION_DATA_DIR", str(tmp_path / "données"))


def with_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_with_nothing_set_it_is_the_embedded_demonstration() -> None:
    settings = load_settings()
    assert settings.embedded
    assert settings.demo
    assert not settings.secure_cookies


def test_an_address_of_a_base_never_brings_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not with_environment(monkeypatch, **REAL).demo


def test_the_demonstration_elsewhere_is_asked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_environment(monkeypatch, **REAL, COORDINATION_DEMO="true").demo


def test_the_embedded_base_can_be_without_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not with_environment(monkeypatch, COORDINATION_DEMO="false").demo


def test_the_embedded_secret_is_drawn_once_and_readable_by_us_alone() -> None:
    settings = load_settings()
    key = settings.signing_key()
    assert len(key) >= 32
    assert load_settings().signing_key() == key
    assert (settings.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_real_base_has_no_secret_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(monkeypatch, **REAL)
    with pytest.raises(SettingsError, match="COORDINATION_SECRET_KEY manque"):
        settings.signing_key()


def test_the_migrating_role_has_no_address_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL manque"):
        with_environment(monkeypatch, **REAL).owner_url()


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_environment(monkeypatch, DATABASE_URL="").embedded


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_of_writing_the_address_is_read(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    settings = with_environment(monkeypatch, DATABASE_URL=f"{scheme}://a:b@c/d")
    assert settings.database_url == "postgresql+psycopg://a:b@c/d"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "mysql://root:hunter2@db/x", "postgresql://"),
        ("DATABASE_OWNER_URL", "hunter2", "postgresql://"),
        ("COORDINATION_SECRET_KEY", "hunter2", "32 caractères"),
        ("COORDINATION_DEMO", "hunter2", "« true » ou « false »"),
        ("COORDINATION_BASE_URL", "hunter2.fr", "https://"),
        ("COORDINATION_BASE_URL", "https://hunter2.fr/chemin", "sans chemin"),
        ("COORDINATION_TRUSTED_PROXY", "hunter2", "adresses IP"),
    ],
)
def test_a_wrong_value_gets_a_sentence_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        with_environment(monkeypatch, **{name: value})
    said = str(refused.value)
    assert said.startswith(f"{name} n’est pas valable")
    assert words in said
    assert "hunter2" not in said
    assert "\n" not in said


def test_cookies_are_for_https_alone_as_soon_as_the_site_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(monkeypatch, COORDINATION_BASE_URL="https://coordination.exemple.fr/")
    assert settings.base_url == "https://coordination.exemple.fr"
    assert settings.secure_cookies
    assert not with_environment(monkeypatch, COORDINATION_SECURE_COOKIES="false").secure_cookies


def test_the_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_environment(monkeypatch, COORDINATION_TRUSTED_PROXY=" 127.0.0.1, 10.0.0.0/8,::1 ")
    assert settings.trusted_proxy == "127.0.0.1,10.0.0.0/8,::1"


def test_links_lead_to_the_port_that_run_serves_unless_an_address_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORDINATION_BASE_URL", "https://aide.exemple.fr")  # so that it is put back afterwards
    assert addressed(load_settings(), 8003).base_url == "https://aide.exemple.fr"
    monkeypatch.delenv("COORDINATION_BASE_URL")
    try:
        assert addressed(load_settings(), 8003).base_url == "http://127.0.0.1:8003"
        assert os.environ["COORDINATION_BASE_URL"] == "http://127.0.0.1:8003", "the worker beside reads it"
    finally:
        get_settings.cache_clear()
