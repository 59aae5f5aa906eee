"""A service without an account, in a browser: a referral goes out, its link answers, on a phone, without script."""

import re
from collections.abc import Callable, Iterator

import pytest

from coordination.main import create_app
from coordination.outside import service
from tests.browser.conftest import Visitor
from tests.cast import PASSWORD, Cast
from tests.conftest import TEST_KEY, Base, settings_for
from tests.directory.make import outside
from tests.households.make import open_household
from tests.notices.post import Letterbox
from tests.referrals.make import note_need
from tests.serving import answering, free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def box() -> Iterator[Letterbox]:
    with Letterbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def served(shared_base: Base, box: Letterbox) -> Iterator[str]:
    """The application over the cast, with a mail server."""
    port = free_port()
    plain = settings_for(shared_base.app_url, f"http://127.0.0.1:{port}")
    posting = {"smtp_url": box.mailer.url, "mail_from": "avis@exemple.fr"}
    settings = type(plain).model_validate({**plain.model_dump(), **posting})
    with answering(port, create_app(settings, shared_base.app_url)) as address:
        yield address


def sign_in(visitor: Visitor, email: str) -> Visitor:
    visitor.open("/connexion")
    visitor.page.get_by_label("Courriel").fill(email)
    visitor.page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    return visitor.press("Se connecter")


def test_a_referral_goes_out_and_is_accepted_by_a_link(
    visitors: Callable[..., Visitor], served: str, shared_base: Base, cast: Cast, box: Letterbox
) -> None:
    worker = cast.ccas.people["intake"]
    outside(shared_base.engine, cast.ccas.people["coordinator"], name="Mission locale", email="ml@service.exemple.fr")
    household = open_household(shared_base.engine, worker)
    need = note_need(shared_base.engine, worker, household)
    keeper = sign_in(visitors(width=360), cast.ccas.emails["coordinator"])
    keeper.open("/services").press("Mission locale")
    sender = sign_in(visitors(width=360, dark=True), cast.ccas.emails["intake"])
    sender.open(f"/foyers/{household}/accords/nouveau")
    for ticked in ("Accepte", "Mission locale", "Accompagner la famille", "De vive voix"):
        sender.page.get_by_label(ticked).check()
    sender.press("Enregistrer la réponse")
    assert "Mission locale : par lien" in sender.text()
    agreed = sender.page.url
    sender.open(f"/foyers/{household}/besoins/{need}/orienter")
    sender.page.get_by_label("Mission locale").check()
    sender.page.get_by_label("Comment la joindre").fill("06 00 00 00 01")
    sender.press("Orienter").press("Mission locale")
    assert "Le courriel" in sender.text()
    assert service.post_links(shared_base.engine, box.mailer, served, TEST_KEY) == (1, 0)
    (letter,) = box.to("ml@service.exemple.fr")
    found = re.search(r"/lien/\S+", letter.get_content())  # type: ignore[attr-defined]
    assert found is not None
    looking = visitors(width=360).open(found.group(0))
    assert "Martin" not in looking.text()
    answering_without = visitors(javascript=False, width=360).open(found.group(0)).press("Accepter")
    assert "MARTIN Sophie" in answering_without.text()
    assert "06 00 00 00 01" in looking.open(found.group(0)).text()
    sender.page.reload()
    assert "Mission locale (par son lien)" in sender.look().text()
    sender.page.goto(f"{agreed}/retirer")
    assert "vers Mission locale" in sender.look().text()
    sender.press("Retirer maintenant")
    # The console of a browser tells of every 404: this one is the answer.
    looking.page.goto(served + found.group(0).removeprefix(served))
    assert "Ce lien ne sert plus" in looking.text()
