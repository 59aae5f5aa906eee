"""A budget is typed beside every barème's answer, tried otherwise, validated and decided on; the rights it seems to
open are estimated and one becomes a need; then it is read over time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coordination.rights.service import answer_waiting
from tests.browser.conftest import Visitor
from tests.conftest import Base

pytestmark = pytest.mark.browser
WHY = "La dette d’énergie sera effacée en décembre."


def look_below(worker: Visitor) -> Visitor:
    """Looks where what moves is read: the figure kept in sight while one types covers no field there."""
    worker.page.locator("#calcul").scroll_into_view_if_needed()
    return worker.look()


def press(worker: Visitor, name: str) -> None:
    """Goes to a screen where amounts are typed."""
    worker.reach(worker.named(name))
    look_below(worker)


def moving(worker: Visitor, words: str) -> str:
    """What moves, once it says these words: by itself with JavaScript, else when asked."""
    if worker.javascript:
        worker.page.locator("#calcul").get_by_text(words, exact=False).first.wait_for()
    else:
        worker.reach(worker.page.get_by_role("button", name="Recalculer"))
    look_below(worker)
    said = worker.page.locator("#calcul").inner_text()
    assert words in said
    return said


def type_in(worker: Visitor, **amounts: str) -> None:
    for label, amount in amounts.items():
        worker.page.get_by_role("textbox", name=label, exact=True).fill(amount)


def validate(worker: Visitor) -> None:
    worker.press("Vérifier et valider")
    worker.press("Valider ce budget")


ANSWER = """#!/usr/bin/env python3
import json, sys
asked = json.load(sys.stdin)["households"]
answer = {"rsa": ["0.00", "0.00"], "ppa": ["181.47", "211.04"], "css": ["1.00", "1.00"]}
json.dump({"package": "essai", "answers": [answer for _ in asked]}, sys.stdout)
"""


@pytest.fixture
def estimates(demonstration: Base, tmp_path: Path) -> Callable[[], object]:
    """The worker's turn, with an estimator that answers the same to everybody (the law itself is tried elsewhere)."""
    script = tmp_path / "estimator"
    script.write_text(ANSWER)
    script.chmod(0o755)
    return lambda: answer_waiting(demonstration.engine, script)


def claim_a_right(worker: Visitor, file: str, estimates: Callable[[], object]) -> None:
    worker.open(f"{file}/modifier")
    worker.page.locator("#f-housing").select_option("parc_social")
    worker.press("Enregistrer")
    worker.reach(worker.lay_open().page.locator("#budget").get_by_role("link").first)
    worker.press("Droits peut-être non demandés : les estimer").press("Estimer les droits")
    assert "Estimation en cours" in worker.text()
    estimates()
    worker.press("Recharger la page")
    assert "de 181,47 € à 211,04 €" in " ".join(worker.text().split())
    assert "à vérifier auprès de la CAF" in worker.text()
    worker.page.emulate_media(media="print")
    assert not worker.page.get_by_role("button", name="Noter un besoin").first.is_visible()
    worker.page.emulate_media(media="screen")
    worker.press("Noter un besoin")
    assert "entre 181 et 211 € par mois semblent dus" in worker.text()


@pytest.mark.parametrize(("javascript", "width", "dark"), [(True, 360, True), (False, 1280, False)])
def test_a_worker_compares_tries_and_decides(
    visitors: Callable[..., Visitor],
    estimates: Callable[[], object],
    javascript: bool,
    width: int,
    dark: bool,
) -> None:
    worker = visitors(javascript=javascript, width=width, dark=dark).sign_in("accueil@ccas.demo.invalid")
    worker.open("/foyers/nouveau")
    given = "Ysaline" if javascript else "Théodora"
    for field, words in {
        "family_name": "Quinchon",
        "given_name": given,
        "birth": "12/03/1990",
        "commune": "Carvin",
    }.items():
        worker.page.locator(f"#f-{field}").fill(words)
    worker.press("Créer le dossier")
    file = worker.page.url.removeprefix(worker.url).partition("?")[0]

    press(worker, "Établir un budget")
    type_in(worker, RSA="640", Loyer="399,90")
    said = moving(worker, "8,0033")  # what the thresholds say has fewer decimals
    assert "seuil atteint" in said
    assert "dépassé de 0,0033" in said
    assert said.count("seuil de") >= 4, "every threshold of every structure"

    press(worker, "Enregistrer le brouillon")
    press(worker, "Et si…")
    type_in(worker, Loyer="400,10")
    moving(worker, "à examiner par le Conseil → éligible")
    worker.page.get_by_label("Enfants qui naissent").select_option("1")
    moving(worker, "Personnes : 1 → 2")
    press(worker, "Revenir au budget")
    assert worker.page.get_by_role("textbox", name="Loyer", exact=True).input_value() == "399,90"
    validate(worker)

    worker.follow(worker.page.locator("#decisions").get_by_role("link", name="Décider").first)
    worker.page.get_by_label("Ouvrir l’accès", exact=True).check()
    worker.reach(worker.page.get_by_role("button", name="Noter la décision"))
    assert "dites pourquoi, en une phrase" in worker.text()
    worker.complaints.clear()  # the browser tells of the 422 in its console
    worker.look()
    worker.page.get_by_label("Raison").fill(WHY)
    worker.press("Noter la décision")
    assert "s’écarte du barème" in worker.text()
    assert WHY in worker.text()
    worker.press("Refaire le calcul et le comparer à ce qui a été figé")
    assert worker.text().count("identique") == 4
    claim_a_right(worker, file, estimates)

    worker.open(file)
    press(worker, "Mettre à jour le budget")
    type_in(worker, Loyer="300")
    validate(worker)
    worker.open(file)
    assert worker.page.locator("#budget svg.chart circle").count() == 2
    worker.press("Historique du reste à vivre")
    assert WHY not in worker.text()
    assert "ouvrir l’accès" in worker.text()
    assert "11,3333" in worker.text()
