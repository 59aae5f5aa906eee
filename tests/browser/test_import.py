"""An import with errors: a list as an association keeps it, corrected, imported whole, then taken back."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser

LIST = """Liste des familles;;;;;;
;;;;;;
N° foyer;NOM;Prénom;Né(e) le;Lien;Tél.;Remarque;Prénom conjoint;Enfant 1;Né le;Nb enfants
12;DELVAUX;Mireille;03/02/1984;demandeur;612345678;=cmd|'/C calc'!A0
12;DELVAUX;Tom;11/2015;fils;;
13;QUENTIN;Rachid;31/02/1979;;06 12 00 00 00;;Amel;Yanis;29/02/2015;3
14;OBERT;Lise;4/5/05;;;
15;OBERT;Ninon;04/05/1991;;;
16;Obert;Ninon;1991;;;
""".encode("cp1252")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_list_with_errors_is_corrected_imported_and_taken_back(
    visitors: Callable[..., Visitor], javascript: bool
) -> None:
    worker = visitors(width=1280 if javascript else 360, javascript=javascript, dark=not javascript)
    worker.sign_in("accueil@secours.demo.invalid").open("/foyers").press("Importer une liste")
    worker.press("Importer une liste")
    worker.page.get_by_label("Fichier de la liste").set_input_files(
        {"name": "familles.csv", "mimeType": "text/csv", "buffer": LIST}
    )
    worker.press("Lire la liste")
    columns = worker.page.get_by_label("Ce que contient la colonne Tél.")
    assert columns.input_value() == "phone"
    assert worker.page.get_by_label("Ce que contient la colonne Remarque").input_value() == ""
    assert worker.page.get_by_label("Ce que contient la colonne Né le").input_value() == "child1.birth"
    worker.press("Vérifier la liste")
    assert "L’année a deux chiffres" in worker.text()
    assert "n’existe pas dans le calendrier" in worker.text()
    assert worker.page.get_by_role("button", name="Créer les dossiers").count() == 0
    worker.press("QUENTIN Rachid")
    worker.page.get_by_label("Date de naissance").fill("28/02/1979")
    worker.press("Corriger")
    worker.press("QUENTIN Yanis")  # the child of the same line, told by his place in it
    assert worker.page.get_by_role("heading", level=1).inner_text() == "Ligne 6 : Enfant 1"
    worker.page.get_by_label("Date de naissance").fill("28/02/2015")
    worker.press("Corriger")
    worker.follow(
        worker.page.get_by_role("row", name="OBERT Lise").get_by_role("button", name="Laisser la ligne de côté")
    )
    assert "La ligne 8 de cette liste" in worker.text()  # the second Ninon, whose year alone is known
    worker.press("Garder")
    worker.press("Créer les dossiers")
    assert worker.page.get_by_role("heading", level=1).inner_text() == "Liste importée"
    worker.press("DELVAUX Mireille")
    assert "06" in worker.text()
    assert "Tom" in worker.text()
    worker.page.go_back()
    worker.press("QUENTIN Rachid")
    worker.lay_open()
    assert "QUENTIN Amel" in worker.text()
    assert "3 enfants : 1 dans ce dossier" in worker.text()
    worker.page.go_back()
    worker.unfold("summary", "Annuler cet import")
    worker.page.get_by_label("Oui, retirer les dossiers").check()
    worker.press("Retirer ces dossiers")
    assert worker.page.get_by_role("heading", level=1).inner_text() == "Import annulé"
