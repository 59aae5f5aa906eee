"""Journey 2, its referrals: asked, answered, undone, taken, siblings let go; by keyboard, with scripts and without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser


def key(visitor: Visitor, where: Locator, pressed: str = "Enter") -> None:
    """What somebody without a mouse does on a page: goes there and presses a key."""
    where.focus()
    visitor.page.keyboard.press(pressed)


def follow(visitor: Visitor, where: Locator) -> None:
    """The same, when it leads to another page: looks at what comes."""
    with visitor.page.expect_navigation():
        key(visitor, where)
    visitor.look()


def button(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("button", name=name, exact=True).first


def test_a_referral_is_asked_about_answered_taken_and_its_siblings_let_go(visitors: Callable[..., Visitor]) -> None:
    receiver = visitors(javascript=False, width=360).sign_in("accueil@epicerie.demo.invalid")
    receiver.open("/orientations?cote=recues&bannette=a-traiter")
    follow(receiver, receiver.page.get_by_role("row").filter(has_text="Alimentation").locator("[data-row]").first)
    path = receiver.page.url.removeprefix(receiver.url)

    def ask() -> None:
        key(receiver, receiver.page.locator("summary", has_text="Demander une précision"))
        key(receiver, receiver.page.get_by_label("Des justificatifs"), "Space")
        follow(receiver, button(receiver, "Envoyer la demande"))
        assert "Précision demandée" in receiver.text()

    ask()
    follow(receiver, button(receiver, "Défaire"))
    assert "Dernière étape défaite" in receiver.text()
    ask()

    sender = visitors().sign_in("accueil@ccas.demo.invalid").open(path)
    sender.page.get_by_label("Message à", exact=False).first.focus()
    sender.page.keyboard.type("La quittance est au dossier.")
    follow(sender, button(sender, "Envoyer la précision"))
    assert "Précision apportée" in sender.text()

    receiver.open(path)
    assert "La quittance est au dossier." in receiver.text()
    follow(receiver, button(receiver, "Accepter"))
    assert "Acceptée" in receiver.text()

    sender.open(path)
    assert "Les autres orientations" in sender.text()
    follow(sender, button(sender, "Annuler les orientations cochées"))
    assert "Les autres orientations" not in sender.text()
    sender.open("/orientations?cote=envoyees&bannette=terminees")
    assert "Annulée" in sender.text()

    receiver.open(path)
    key(receiver, receiver.page.locator("summary", has_text="Clore"))
    key(receiver, receiver.page.get_by_label("Le foyer a obtenu l’aide", exact=True), "Space")
    follow(receiver, button(receiver, "Clore l’orientation"))

    sender.open(path)
    follow(sender, sender.page.get_by_role("link", name="Demander au foyer"))
    assert "Pas joint(e)" in sender.text()
    follow(sender, button(sender, "Préparer le papier"))
    written = sender.page.locator(".address").inner_text()
    household = visitors(width=360, dark=True).open(written.removeprefix(sender.url))
    key(household, household.page.get_by_label("Je souhaite être recontacté(e)"), "Space")
    follow(household, button(household, "Non"))
    assert "Merci, votre réponse est enregistrée" in household.text()

    sender.open("/orientations?cote=envoyees&bannette=desaccord").open(path)
    assert "le foyer répond « Non » ; souhaite être rappelé" in " ".join(sender.text().split())
    key(sender, sender.page.locator("summary", has_text="Expliquer au foyer et clore"))
    key(sender, sender.page.get_by_label("L’aide a été apportée depuis"), "Space")
    follow(sender, button(sender, "Clore"))
    assert "Désaccord expliqué" in sender.text()
