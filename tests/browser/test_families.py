"""Two families on a phone: one that separates, and one whose file a partner asks to read."""

import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


def open_file(worker: Visitor, family_name: str, others: tuple[tuple[str, str, str], ...] = ()) -> tuple[str, str]:
    """Creates a file with a reference person named Ada: its path and its code."""
    worker.open("/foyers/nouveau")
    worker.page.get_by_label("Nom", exact=True).fill(family_name)
    worker.page.get_by_label("Prénom (facultatif)", exact=True).fill("Ada")
    worker.page.get_by_label("Commune", exact=True).fill("Carvin")
    for row, (link, name, birth) in enumerate(others):
        worker.page.locator(f"[name=people-{row}-link]").select_option(value=link)
        worker.page.locator(f"[name=people-{row}-given_name]").fill(name)
        worker.page.locator(f"[name=people-{row}-birth]").fill(birth)
    worker.press("Créer le dossier")
    code = re.search(r"Dossier (\S{8})", worker.text())
    assert code is not None
    return worker.page.url.removeprefix(worker.url), code.group(1)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_couple_separates_and_neither_file_leads_to_the_other(
    visitors: Callable[..., Visitor], javascript: bool
) -> None:
    worker = visitors(width=360, javascript=javascript).sign_in("accueil@ccas.demo.invalid")
    family = "Quévreux" if javascript else "Zielinski"
    others = (("partner", "Bruno", "02/03/1985"), ("child", "Chloé", "04/05/2019"))
    path, code = open_file(worker, family, others)
    worker.press("Modifier la situation")
    worker.page.get_by_label("Rue et numéro", exact=False).fill("7 rue Cachée")
    worker.press("Enregistrer")

    for name in ("Bruno", "Chloé"):  # here before today: nobody leaves the day she came
        person = worker.unfold("summary", "Composition").page.locator("#composition tbody tr").filter(has_text=name)
        worker.reach(person.get_by_role("link", name="Modifier"))
        worker.page.locator("[name=from_date]").fill("01/01/2026")
        worker.reach(worker.page.get_by_role("button", name="Enregistrer").first)
    worker.press("Séparer en deux dossiers")
    for row, place in enumerate(("reste_ici", "nouveau_dossier", "les_deux")):
        worker.page.locator(f"[name=people-{row}-place]").select_option(value=place)
    worker.page.locator("[name=people-1-link]").select_option(value="reference")
    worker.page.get_by_label("Commune du nouveau foyer").fill("Lens")
    worker.press("Créer le second dossier")
    assert worker.page.url.removeprefix(worker.url) != path
    people = worker.lay_open().page.locator("#composition tbody").inner_text()
    assert "Bruno" in people
    assert "Chloé" in people
    assert "Ada" not in people
    for secret in ("7 rue Cachée", code, path):
        assert secret not in worker.page.content()

    second = worker.page.url.removeprefix(worker.url)
    worker.open(path)
    people = worker.lay_open().page.locator("#composition tbody").inner_text()
    assert "Ada" in people
    assert "Chloé" in people
    assert "Bruno" not in people
    assert second not in worker.page.content()


def test_a_partner_asks_to_read_a_file_and_sees_what_the_person_agreed_to(visitors: Callable[..., Visitor]) -> None:
    worker = visitors(width=360).sign_in("accueil@ccas.demo.invalid")
    path, code = open_file(worker, "Wattrelos")

    partner = visitors(width=360).sign_in("accueil@epicerie.demo.invalid")
    partner.open("/acces/demander")
    partner.page.get_by_label("Code du foyer").fill(code)
    partner.page.get_by_label("Besoins et orientations", exact=True).check()
    partner.page.get_by_label("Budget et reste à vivre", exact=True).check()
    partner.page.get_by_label("Accompagner la famille", exact=False).check()
    partner.press("Envoyer la demande")
    assert "Sans réponse" in partner.text()

    worker.open("/")
    worker.follow(worker.page.get_by_role("link", name=re.compile("WATTRELOS", re.IGNORECASE)).first)
    worker.press("Recueillir son accord")
    worker.page.get_by_label("Accepte", exact=True).check()
    worker.page.get_by_label("Professionnels et bénévoles").check()
    worker.page.get_by_label("Papier signé", exact=True).check()
    worker.page.get_by_label("Budget et reste à vivre", exact=True).uncheck()
    worker.press("Enregistrer la réponse")
    assert "En vigueur" in worker.text()
    worker.press("Retirer cet accord, ou une partie")  # what would stop is shown first; she leaves it there
    assert "Épicerie solidaire" in worker.text()

    partner.open("/acces")
    assert "Acceptée" in partner.text()
    assert "tient la liste complète" in partner.open(path).text()
    partner.lay_open()
    assert "Ada" in partner.page.locator("#composition").inner_text()
    assert "non partagé" in partner.page.locator("#budget").inner_text()
    assert "non partagé" not in partner.page.locator("#besoins").inner_text()
