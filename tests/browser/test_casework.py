"""A morning of casework on a phone: what is due, a contact, a note, a debt, the timeline, a hand-over."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_a_worker_writes_what_happened_and_reads_it_again(visitors: Callable[..., Visitor], javascript: bool) -> None:
    worker = visitors(width=360, javascript=javascript).sign_in("accueil@ccas.demo.invalid")
    worker.open("/foyers")
    worker.page.locator("main table a").first.click()
    worker.page.wait_for_load_state()
    worker.look()
    worker.press("Noter un contact")
    worker.page.get_by_label("Téléphone").check()
    worker.page.get_by_label("Avec qui").fill("la fille aînée")
    worker.press("Noter le contact")
    assert "téléphone, la fille aînée" in worker.text()
    worker.press("Écrire une note")
    worker.page.get_by_label("Note", exact=True).fill("Souhaite être rappelée.")
    worker.press("Enregistrer la note")
    worker.press("Noter une dette")
    worker.page.get_by_label("À qui l’argent est dû").select_option(label="Énergie")
    worker.page.get_by_label("Montant dû").fill("640,50")
    worker.press("Enregistrer")
    assert "640,50" in worker.text()
    for link, words in (("Noter un projet", "Nouveau projet"), ("Documents vus", "Documents vus")):
        worker.press(link)
        assert worker.page.get_by_role("heading", level=1).inner_text() == words
        worker.press("Revenir au dossier")
    worker.press("Voir la chronologie du dossier")
    assert "Souhaite être rappelée." in worker.text()
    worker.open("/suivi/passer")
    assert "Passer le suivi" in worker.text()
