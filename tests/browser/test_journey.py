"""Journey 1 and the answer to it, as people walk it: intake, agreement, budget, two referrals, two answers."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.conftest import Visitor, small_demonstration
from tests.conftest import TEST_KEY, application, settings_for
from tests.serving import Served, answering, free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def served(javascript: bool) -> Iterator[str]:
    """`coordination serve` itself for the walk with JavaScript, the application for the one without: what is served is
    the same. A base for each: both start from the same untouched household."""
    with small_demonstration() as base:
        if not javascript:
            port = free_port()
            settings = settings_for(base.app_url, f"http://127.0.0.1:{port}")
            with application(settings, base.app_url) as app, answering(port, app) as address:
                yield address
            return
        variables = {"DATABASE_URL": base.app_url, "COORDINATION_SECRET_KEY": TEST_KEY, "COORDINATION_DEMO": "true"}
        with Served(variables) as server:
            yield server.url


BUDGET = {
    "RSA": "740",
    "Allocation de logement (ALF ou ALS)": "440",
    "Loyer": "350",
    "Énergie (électricité, gaz, bois…)": "100",
    "Téléphone et internet": "9,90",
}


def find_household(worker: Visitor, typed: str) -> None:
    """The search box of the home page; with JavaScript the answer comes as one types."""
    worker.page.get_by_label("Chercher un foyer").fill(typed)
    if worker.javascript:
        worker.page.locator("#hits a").first.wait_for()
    else:
        worker.follow(worker.page.get_by_role("button", name="Chercher"))
    worker.follow(worker.page.locator("#hits").get_by_role("link", name="MARTEL Gaëlle").first)
    assert worker.page.get_by_role("heading", level=1).inner_text() == "MARTEL Gaëlle"


def record_agreement(worker: Visitor) -> None:
    worker.press("Enregistrer un accord")
    for words in ("Accepte", "Épicerie solidaire", "Secours populaire de Carvin", "Budget et reste à vivre",
                  "Besoins et orientations", "Professionnels et bénévoles", "Papier signé"):  # fmt: skip
        worker.page.get_by_label(words, exact=True).check()
    worker.page.get_by_label("Accompagner la famille", exact=False).check()
    worker.press("Enregistrer la réponse")
    assert "En vigueur" in worker.text()
    worker.press("Qui voit ce dossier")
    assert "Épicerie solidaire" in worker.text()
    open_file(worker)


def type_budget(worker: Visitor) -> None:
    worker.press("Établir un budget")
    if worker.page.get_by_role("button", name="Commencer").count():
        worker.press("Commencer")
    for label, amount in BUDGET.items():
        worker.page.get_by_role("textbox", name=label, exact=True).fill(amount)
    if worker.javascript:
        worker.page.locator("#calcul").get_by_text("8,0011").first.wait_for()
    else:
        worker.reach(worker.page.get_by_role("button", name="Recalculer"))
    worker.look()
    moving = worker.page.locator("#calcul").inner_text()
    assert "8,00" in moving
    assert "8,0011" in moving
    assert "7,8906" in moving
    for structure in ("CCAS", "Épicerie solidaire", "Secours populaire", "À la Bonne Action"):
        assert structure in moving
    worker.press("Vérifier et valider")
    worker.press("Valider ce budget")
    assert "8,0011" in worker.text()


ASKED_AGAIN = """domain => {
    domain.dispatchEvent(new Event('change', {bubbles: true}));
    return document.querySelector('#partenaires').disabled; }"""


def refer(worker: Visitor, domain: str, summary: str, partner: str) -> None:
    worker.press("Noter un besoin")
    chosen = worker.page.get_by_label("Domaine")
    chosen.select_option(label=domain)
    if worker.javascript:  # nothing is ticked in a list about to be replaced
        assert chosen.evaluate(ASKED_AGAIN) is True
    worker.page.get_by_label("Le besoin en quelques mots").fill(summary)
    worker.page.get_by_label(partner, exact=False).check()
    worker.press("Enregistrer et orienter")


def open_file(worker: Visitor) -> None:
    worker.follow(worker.page.get_by_role("link", name="Dossier", exact=False).first)


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_a_family_is_received_shared_computed_referred_and_answered(
    visitors: Callable[..., Visitor], javascript: bool
) -> None:
    worker = visitors(javascript=javascript).type_who_signs_in("accueil@ccas.demo.invalid")
    find_household(worker, "gaelle martel" if javascript else "Martel Gaëlle")
    file_path = worker.page.url.removeprefix(worker.url)
    record_agreement(worker)
    type_budget(worker)
    worker.open(file_path)
    assert "8,00" in worker.text()
    refer(worker, "Logement", f"Loyer impayé depuis deux mois ({javascript})", "Secours populaire de Carvin")
    worker.open(file_path)
    refer(worker, "Alimentation", f"Aide pour trois personnes ({javascript})", "Épicerie solidaire")

    grocery = visitors(javascript=javascript).sign_in("accueil@epicerie.demo.invalid")
    grocery.press("Orientations")
    grocery.follow(grocery.page.get_by_role("link", name="MARTEL Gaëlle").first)
    assert f"Aide pour trois personnes ({javascript})" in grocery.text()
    grocery.press("Accepter")
    assert "Acceptée" in grocery.text()

    secours = visitors(javascript=javascript).sign_in("accueil@secours.demo.invalid")
    secours.press("Orientations")
    secours.follow(secours.page.get_by_role("link", name="MARTEL Gaëlle").first)
    secours.unfold("summary", "Refuser")
    secours.page.get_by_label("n’entre pas dans nos critères", exact=False).check()
    secours.press("Refuser l’orientation")
    assert "Refusée" in secours.text()

    worker.open(file_path)
    assert "Acceptée" in worker.text()
    assert "Refusée" in worker.text()
