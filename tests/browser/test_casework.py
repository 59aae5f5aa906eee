"""A morning of casework on a phone; and a household that was written twice, made one and parted again."""

import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_a_worker_writes_what_happened_and_reads_it_again(visitors: Callable[..., Visitor], javascript: bool) -> None:
    worker = visitors(width=360, javascript=javascript).sign_in("accueil@ccas.demo.invalid")
    worker.open("/foyers")
    worker.follow(worker.page.locator("main table a").first)
    parts = [worker.page.locator(f"#{part}") for part in ("composition", "budget", "besoins", "suivi")]
    assert [part.is_visible() for part in parts] == [False] * 4
    assert worker.page.evaluate("document.documentElement.scrollHeight") < 3000
    worker.page.goto(f"{worker.page.url}#besoins")
    assert [part.is_visible() for part in parts] == [False, False, True, False], "a link opens the part it leads to"
    worker.page.emulate_media(media="print")
    assert [part.is_visible() for part in parts] == [True] * 4, "a paper has no fold"
    worker.page.emulate_media(media="screen")
    worker.press("Noter un contact")
    worker.page.get_by_label("Téléphone").check()
    worker.page.get_by_label("Avec qui").fill("la fille aînée")
    worker.press("Noter le contact")
    assert "téléphone, la fille aînée" in worker.text()
    worker.press("Écrire une note")
    worker.page.get_by_label("Note", exact=True).fill("Souhaite être rappelée.")
    worker.press("Enregistrer la note")
    note = worker.page.get_by_text("Souhaite être rappelée.").first
    worker.page.emulate_media(media="print")
    assert (note.is_visible(), worker.page.get_by_text("Elles ne sont pas imprimées.").is_visible()) == (False, True)
    worker.page.emulate_media(media="screen")
    worker.page.get_by_label("Imprimer aussi ces notes").check()
    worker.page.emulate_media(media="print")
    assert (note.is_visible(), worker.page.get_by_text("Elles ne sont pas imprimées.").is_visible()) == (True, False)
    worker.page.emulate_media(media="screen")
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


def told(worker: Visitor, button: str) -> None:
    """Presses a button that may be answered 409, which the browser's console repeats."""
    worker.reach(worker.page.get_by_role("button", name=button))
    assert all("409" in said for said in worker.complaints)
    worker.complaints.clear()
    worker.look()


@pytest.mark.parametrize("javascript", [True, False])
def test_two_files_become_one_and_are_parted_again(visitors: Callable[..., Visitor], javascript: bool) -> None:
    worker = visitors(javascript=javascript).sign_in("accueil@ccas.demo.invalid")
    commune = "Lens" if javascript else "Béthune"
    worker.open("/foyers")
    for row in range(9):  # somebody whose name and birth are known
        worker.reach(worker.page.locator("main table a").nth(row))
        if re.search(r"\d{2}/\d{2}/\d{4}", worker.page.locator("#composition tbody td").nth(1).inner_text()):
            break
        worker.page.go_back()
    kept = worker.page.url
    first = worker.page.locator("#composition tbody tr").first
    family, _, given = first.locator("th").inner_text().partition(" ")
    birth = first.locator("td").nth(1).inner_text()
    worker.open("/foyers/nouveau")
    for label, words in (("Nom", family), ("Prénom (facultatif)", given), ("Date de naissance (facultatif)", birth)):
        worker.page.get_by_label(label, exact=True).first.fill(words)
    worker.page.get_by_label("Commune", exact=True).fill(commune)
    told(worker, "Créer le dossier")
    worker.page.get_by_label("créer le dossier", exact=False).first.check()
    worker.press("Créer le dossier")
    twin = worker.page.url
    code = re.search(r"Dossier (\S{8})", worker.text())
    assert code is not None

    worker.open(kept.removeprefix(worker.url)).press("Réunir avec un autre dossier du même foyer")
    worker.follow(worker.page.get_by_role("row").filter(has_text=code.group(1)).get_by_role("link", name="Comparer"))
    worker.page.get_by_role("group", name="Commune").get_by_label(commune).check()
    if worker.page.get_by_label("J’ai lu", exact=False).count():
        worker.page.get_by_label("J’ai lu", exact=False).check()
    told(worker, "Réunir les deux dossiers")
    if "Rien n’a été modifié" in worker.text():  # what closes is not what was read: the address of a partner's file
        worker.page.get_by_label("J’ai lu", exact=False).check()
        worker.press("Réunir les deux dossiers")
    assert "n’en font plus qu’un" in worker.page.content()
    assert commune in worker.page.locator("#situation").inner_text()

    worker.open(twin.removeprefix(worker.url))
    assert "Dossier réuni avec le dossier" in worker.text()
    worker.press("Défaire cette réunion", exact=False)
    worker.press("Défaire la réunion")
    assert "La réunion est défaite" in worker.page.content()
    assert commune not in worker.page.locator("#situation").inner_text()
