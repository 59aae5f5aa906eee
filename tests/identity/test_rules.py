"""Passwords by the published examples; addresses and short names folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.identity.permissions import ROLES, Part, Permission, Role, parts_of, permissions_of
from coordination.identity.rules import attempt_key, device_label, folded_email, password_fault, slug, token_hash


@pytest.mark.parametrize(
    "password",
    [
        "Abricot-2026",  # 12 characters, 4 classes
        "aB3!aB3!xY7?",
        "Abricotier2026",  # 14 characters, 3 classes
        "le chat gris dort sous la table",  # 7 words
        "nous irons-tous demain au marché couvert",
        "Été-à-Carvin-62",
    ],
)
def test_the_published_examples_are_accepted(password: str) -> None:
    assert password_fault(password) is None


@pytest.mark.parametrize(
    "password",
    [
        "",
        "Abricot-202",  # 11 characters
        "abricot-2026",  # 12 characters, 3 classes
        "Abricotier202",  # 13 characters, 3 classes
        "abricotiers2026",  # 14 characters, 2 classes
        "le chat gris dort sous une",  # 6 words
        "la la la la la la la la",  # words, but the same one
        "Aa1!Aa1!Aa1!",  # 4 classes, but 4 characters only
        "a b c d e f g h i",  # letters are not words
    ],
)
def test_weaker_ones_are_refused_in_french(password: str) -> None:
    fault = password_fault(password)
    assert fault is not None
    assert "12 caractères" in fault


def test_what_cannot_be_hashed_is_refused() -> None:
    assert password_fault("Abricot-2026\x00") is not None
    assert password_fault("Ab1!" * 100) is not None


@given(st.text(max_size=300))
def test_any_password_gets_an_answer(password: str) -> None:
    fault = password_fault(password)
    assert fault is None or fault.endswith(".")
    assert len(password) >= 12 or fault is not None


@given(st.text(max_size=60))
def test_an_address_folded_twice_does_not_move(email: str) -> None:
    once = folded_email(email)
    assert folded_email(once) == once


def test_the_same_address_typed_otherwise_is_the_same() -> None:
    assert folded_email("  Claire@Exemple.FR ") == folded_email("claire@exemple.fr")
    assert folded_email("ｃlaire@exemple.fr") == "claire@exemple.fr"


def test_short_names_are_plain() -> None:
    assert slug("À la Bonne Action") == "a-la-bonne-action"
    assert slug("Cœur d’Artois (démonstration)") == "coeur-d-artois-demonstration"


def test_nothing_of_an_account_is_readable_in_the_table_of_attempts() -> None:
    key = attempt_key("clef", "account", "claire@exemple.fr")
    assert "claire" not in key
    assert key != attempt_key("autre clef", "account", "claire@exemple.fr")
    assert key != attempt_key("clef", "address", "claire@exemple.fr")
    assert len(token_hash("x")) == 64


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140",
            "Edge sur Windows",
        ),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox sur Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari sur iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome sur Linux"),
        ("curl/8", "Appareil inconnu"),
        ("", "Appareil inconnu"),
    ],
)
def test_a_device_is_named_as_people_know_it(said: str, shown: str) -> None:
    assert device_label(said) == shown


def test_the_table_of_roles_is_whole_and_says_everything_in_french() -> None:
    assert set(ROLES) == set(Role)
    for role in Role:
        assert role.label
        assert role.about.endswith(".")
    for word in (*Permission, *Part):
        assert word.label


def test_a_role_that_no_longer_exists_opens_nothing() -> None:
    assert permissions_of(["king"]) == frozenset()
    assert parts_of(["king", "volunteer"]) == {"identity", "needs", "aid"}


def test_those_who_run_accounts_or_the_journal_read_no_part_of_a_file() -> None:
    assert parts_of(["admin", "dpo", "council"]) == frozenset()


def test_a_volunteer_never_reads_budgets_nor_notes() -> None:
    assert not parts_of(["volunteer"]) & {"budget", "notes", "sensitive"}
