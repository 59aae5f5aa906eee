"""Every role's pages, on a phone, in light and in dark: nothing for axe to say, nothing wider than the screen."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser
AT_NIGHT = ("coordination@ccas.demo.invalid", "admin@ccas.demo.invalid", "benevole@secours.demo.invalid")
"""Who works in dark colours: every kind of screen is met in one of the two, the macros in both (tests/ui)."""


@pytest.mark.parametrize(
    ("email", "paths"),
    [
        ("accueil@ccas.demo.invalid", ["/", "/foyers", "/foyers/nouveau", "/orientations", "/moi", "/droits", "/aide"]),
        ("accueil@ccas.demo.invalid", ["/acces", "/acces/demander", "/partages/a-revoir"]),
        ("coordination@ccas.demo.invalid", ["/", "/orientations?cote=reseau", "/foyers", "/chiffres"]),
        ("dpo@ccas.demo.invalid", ["/", "/journal", "/journal/verification"]),
        ("admin@ccas.demo.invalid", ["/", "/comptes", "/comptes/inviter"]),
        ("benevole@secours.demo.invalid", ["/", "/foyers?partages=oui", "/orientations", "/rendez-vous"]),
        ("accueil@epicerie.demo.invalid", ["/rendez-vous", "/rendez-vous/lieux", "/moi/agenda"]),
        ("conseil@secours.demo.invalid", ["/", "/droits"]),
        ("accueil@voisin.demo.invalid", ["/", "/foyers"]),
    ],
)  # fmt: skip
def test_every_role_finds_its_pages_in_order_on_a_phone(
    visitors: Callable[..., Visitor], email: str, paths: list[str]
) -> None:
    visitor = visitors(width=360, dark=email in AT_NIGHT).sign_in(email)
    for path in paths:
        visitor.open(path)
        assert visitor.page.get_by_role("heading", level=1).count() == 1, path


def test_after_signing_out_back_shows_nothing(visitors: Callable[..., Visitor]) -> None:
    worker = visitors().sign_in("accueil@ccas.demo.invalid")
    worker.open("/foyers")
    worker.reach(worker.page.locator("main table a").first)
    name = worker.page.get_by_role("heading", level=1).inner_text()
    worker.sign_out()
    worker.page.go_back()
    worker.page.wait_for_load_state()
    assert name not in worker.page.content()
