"""The public simulator on a phone, with and without JavaScript."""

from collections.abc import Callable

import pytest

from coordination.simulators import crowd, disclosure
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_anybody_finds_whom_to_call(visitors: Callable[..., Visitor], javascript: bool) -> None:
    visitor = visitors(width=360, javascript=javascript, dark=javascript).open("/connexion")
    visitor.press("simulateur")
    visitor.press("Voir les réponses")
    assert "au moins votre âge" not in visitor.page.get_by_role("heading", level=1).inner_text()
    assert "Il manque quelque chose" in visitor.text()
    for label, typed in (("Votre âge", "36"), ("Âge de la personne n° 2", "10"), ("RSA", "740"), ("Loyer", "cher")):
        visitor.page.get_by_label(label, exact=True).fill(typed)
    visitor.press("Ajouter des personnes")
    assert visitor.page.get_by_label("Âge de la personne n° 7", exact=True).count() == 1
    visitor.press("Voir les réponses")
    assert visitor.page.get_by_label("Loyer", exact=True).input_value() == "cher"
    visitor.page.get_by_label("Loyer", exact=True).fill("350")
    visitor.press("Voir les réponses")
    assert "CCAS de Carvin" in visitor.text()
    assert visitor.page.get_by_role("link", name="03 53 01 00 01").get_attribute("href") == "tel:0353010001"
    assert "Ce qu’il faut apporter" in visitor.text()
    assert visitor.page.context.cookies() == []


QUESTION = "Qui notre façon de calculer laisse-t-elle dehors ?"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_coordinator_sees_whom_a_bareme_shuts_out(
    visitors: Callable[..., Visitor], javascript: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The small demonstration has too few households to say anything: the page says so. Then as if they were enough."""
    visitor = visitors(width=360, javascript=javascript, dark=javascript).sign_in("coordination@ccas.demo.invalid")
    visitor.open("/impact")
    assert visitor.page.get_by_role("heading", level=1).inner_text() == QUESTION
    assert "Trop peu de foyers" in visitor.text()
    monkeypatch.setattr(crowd, "FEWEST_HOUSEHOLDS", 3)
    monkeypatch.setattr(disclosure, "FEWEST_IN_GROUP", 1)
    visitor.page.locator("#f-family_0").fill("8,55")
    visitor.press("Voir qui entrerait ou sortirait")
    assert "par pas de 0,10" in visitor.text()
    assert visitor.page.locator("#f-family_0").input_value() == "8,55"
    visitor.page.locator("#f-family_0").fill("8,50")
    visitor.press("Voir qui entrerait ou sortirait")
    assert "→ 8,50" in visitor.text()
    assert visitor.page.locator("svg.impact-bar").count() >= 2
    assert visitor.page.get_by_role("row").count() >= 8
