"""A protected file on a phone: closed to colleagues, its rules before any call, the glass broken, the officer told."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_is_protected_and_the_glass_broken(visitors: Callable[..., Visitor], javascript: bool) -> None:
    worker = visitors(width=360, javascript=javascript).sign_in("accueil@ccas.demo.invalid")
    worker.open("/foyers")
    link = worker.page.locator("main table a").nth(3 if javascript else 5)
    name, path = link.inner_text(), str(link.get_attribute("href"))
    code = worker.page.locator("main tbody tr").nth(3 if javascript else 5).locator("td").first.inner_text()
    worker.open(path)
    worker.press("Protéger, fermer à quelqu’un, consignes de contact")
    worker.page.get_by_label("Appeler").check()
    worker.press("Enregistrer les consignes")
    worker.page.get_by_label("J’ai compris ce qui s’arrête").check()
    worker.press("Protéger le dossier")
    worker.open(path)
    assert "Ne pas envoyer de courrier" in worker.text()

    colleague = visitors(width=360, javascript=javascript).sign_in("referente@ccas.demo.invalid")
    colleague.open("/foyers")
    assert name not in colleague.text()
    colleague.open("/urgence")
    colleague.page.get_by_label("Code du dossier").fill(code)
    colleague.page.get_by_label("Pourquoi l’ouvrir maintenant").fill(
        "Ses enfants attendent devant l’école, personne ne répond"
    )
    colleague.press("Ouvrir pour deux heures")
    assert name in colleague.page.get_by_role("heading", level=1).inner_text()

    officer = visitors(width=360, javascript=javascript).sign_in("dpo@ccas.demo.invalid")
    assert "Ses enfants attendent" in officer.text()
    officer.open("/ouvertures-urgentes").press("Noter comme lue")
    assert "Ses enfants attendent" not in officer.open("/").text()
