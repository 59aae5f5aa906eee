"""The pages of budgets, as a browser with or without JavaScript uses them."""

import re
from collections.abc import Callable
from fractions import Fraction
from html import unescape
from uuid import UUID, uuid4

import pytest

from coordination.budgets.rules import LineKind
from coordination.kit.actor import Member
from coordination.kit.money import euros_exact
from tests.budgets.make import G1, draft, mother_and_two, partners_with_baremes, typed, validated
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Base, Browser
from tests.sharing.make import agree

Browsers = Callable[[Organised, str], Browser]
HTMX = {"hx-request": "true"}
PANEL = re.compile(r'<section class="rav-panel.*?</section>', re.DOTALL)


@pytest.fixture
def as_(browser: Callable[[], Browser]) -> Browsers:
    return lambda organised, role: browser().sign_in(organised.emails[role], PASSWORD)


@pytest.fixture(scope="module")
def partners(shared_base: Base) -> dict[str, Organised]:
    """A network where each barème of the demonstration has its organisation."""
    return partners_with_baremes(shared_base.engine)


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    return mother_and_two(cast.engine, worker)


def text(html: str) -> str:
    """What is read on the page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def panel(html: str) -> str:
    found = PANEL.search(html)
    assert found, html
    return found.group()


def version(html: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', html)
    assert found
    return found.group(1)


# ------------------------------------------------------------------ the journey of G1


def test_g1_is_typed_checked_validated_and_read_with_each_answer(
    partners: dict[str, Organised], shared_base: Base, as_: Browsers
) -> None:
    ccas = partners["ccas-carvin"]
    household = mother_and_two(shared_base.engine, ccas.people["intake"])
    page, file = as_(ccas, "intake"), f"/foyers/{household}"
    assert "Aucun budget pour l’instant" in text(page.get(file).text)
    started = page.post(f"{file}/budget/nouveau")
    assert started.status_code == 303
    address = started.headers["location"]
    screen = page.get(address)
    assert "RSA" in text(screen.text)
    assert "aucun montant pour l’instant" in text(panel(screen.text))
    saved = page.post(f"{address}/enregistrer", data=typed(G1, int(version(screen.text)), {"suite": "valider"}))
    assert saved.headers["location"] == f"{address}/valider"
    check = page.get(f"{address}/valider")
    assert "Ce qui sera figé" in text(check.text)
    assert "DIALLO Aminata, DIALLO Issa, DIALLO Awa" in text(check.text)
    done = page.post(f"{address}/valider", data={"version": version(check.text)})
    assert done.status_code == 303
    frozen = text(page.get(address).text)
    for exact in ("8,00 €", "8,0011 €", "7,89 €", "7,8906 €", "15,00 €", "15,0021 €", "211,46 €", "211,4571 €"):
        assert exact in frozen.replace("\u202f", " ")
    assert "8,0011 € : seuil de 8,00 € atteint, dépassé de 0,0011 €" in frozen
    assert "Affiché 8,00 €, valeur exacte 8,0011 € : seuil atteint." in frozen
    assert "Participation du foyer : 20 %" in frozen
    assert "Divisé par 3 personnes et par 30,42 jours" in frozen
    assert "Source : Valeurs de démonstration du CCAS, 2026." in frozen
    assert "sans facture vue, l’énergie est comptée au forfait" in frozen
    shown = text(page.get(file).text)
    assert "8,00 € (8,0011) par jour et par personne" in shown
    assert "720,10 €" in shown
    assert "Mettre à jour le budget" in shown


def test_the_live_block_is_the_block_of_the_whole_page(
    partners: dict[str, Organised], shared_base: Base, as_: Browsers
) -> None:
    ccas = partners["ccas-carvin"]
    household = mother_and_two(shared_base.engine, ccas.people["intake"])
    made = draft(shared_base.engine, ccas.people["intake"], household)
    page, address = as_(ccas, "intake"), f"/foyers/{household}/budget/{made}"
    live = page.post(f"{address}/calcul", data=typed(G1, 2), headers=HTMX)
    whole = page.post(f"{address}/calcul", data=typed(G1, 2))
    assert "<html" not in live.text
    assert 'hx-swap-oob="true"' in live.text, "the figure kept in sight on a phone moves too"
    assert "hx-swap-oob" not in whole.text
    assert panel(live.text) == panel(whole.text) == panel(page.get(address).text)
    assert "8,00 €" in text(panel(live.text))
    more = page.post(f"{address}/calcul", data=typed(G1 | {LineKind.EAU: "30"}, 2), headers=HTMX)
    assert "7,67 €" in text(panel(more.text))
    assert len(shared_base.admin("select 1 from budget_line where assessment_id = %s", made)) == len(G1), "nothing kept"


def test_a_network_without_bareme_says_so_and_shows_what_the_month_leaves(cast: Cast, as_: Browsers) -> None:
    household = mother_and_two(cast.engine, cast.elsewhere.people["intake"])
    made = draft(cast.engine, cast.elsewhere.people["intake"], household)
    shown = text(as_(cast.elsewhere, "intake").get(f"/foyers/{household}/budget/{made}").text)
    assert "720,10 € par mois pour le foyer" in shown
    assert "Aucune structure du réseau n’avait de barème" in shown


# ------------------------------------------------------------------ typing, without JavaScript


def test_what_was_typed_is_kept_on_error(cast: Cast, worker: Member, household: UUID, as_: Browsers) -> None:
    made = draft(cast.engine, worker, household, {})
    page, address = as_(cast.ccas, "intake"), f"/foyers/{household}/budget/{made}"
    fields = typed(G1, 2) | {"lines-10-amount": "trois cents", "lines-100-label": "Tante", "lines-100-amount": "20"}
    fields |= {"lines-100-kind": "aide_familiale"}
    answer = page.post(f"{address}/enregistrer", data=fields)
    assert answer.status_code == 422
    assert "Loyer : Un montant s’écrit en chiffres seulement" in text(answer.text)
    for kept in ("740", "440", "trois cents", "100", "9,90", "Tante", "20"):
        assert f'value="{kept}"' in answer.text
    live = page.post(f"{address}/calcul", data=fields, headers=HTMX)
    assert live.status_code == 422
    assert "montants à corriger" in text(live.text)


def test_a_line_is_added_without_javascript_and_without_losing_the_others(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    made = draft(cast.engine, worker, household, {})
    page, address = as_(cast.ccas, "intake"), f"/foyers/{household}/budget/{made}"
    assert "lines-202-amount" not in page.get(address).text
    more = page.post(f"{address}/calcul", data=typed(G1, 2, {"ajouter": "charge"}))
    assert more.status_code == 200
    assert "lines-202-amount" in more.text
    assert 'value="9,90"' in more.text
    wrong = page.post(f"{address}/calcul", data=typed(G1, 2, {"ajouter": "resource"}) | {"lines-0-amount": "x"})
    assert "lines-102-amount" in wrong.text
    assert 'value="x"' in wrong.text


def test_the_second_to_save_is_told_and_keeps_what_was_typed(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    made = draft(cast.engine, worker, household)
    page, address = as_(cast.ccas, "intake"), f"/foyers/{household}/budget/{made}"
    mine = {LineKind.RSA: "123,45", LineKind.EAU: "12", LineKind.LOYER: "", LineKind.ENERGIE: "100,00"}
    stale = page.post(f"{address}/enregistrer", data=typed(mine, 1))
    assert stale.status_code == 409
    said = text(stale.text)
    assert "Quelqu’un a modifié cette fiche" in said
    assert 'value="123,45"' in stale.text
    assert "RSA : Enregistré : « 740,00 € par mois, déclaré ». Votre ligne le remplacera." in said
    assert "Eau : Pas encore enregistrée : cette ligne s’ajoutera." in said
    assert "Enregistré : « 350,00 € par mois, déclaré ». Laissée vide, cette ligne s’effacera." in said
    assert "Énergie : " not in said
    assert re.search(r"absent de votre saisie : [^;]* \(440,00 € par mois, déclaré\) ; [^;]*9,90 €", said), said
    odd = typed(mine, 1, {"lines-0013-amount": "", "lines-013-amount": "", "lines-013-kind": "", "lines-300-label": ""})
    assert page.post(f"{address}/enregistrer", data=odd).status_code == 409
    assert (
        page.post(f"{address}/enregistrer", data=typed({LineKind.RSA: "123,45"}, int(version(stale.text)))).status_code
        == 303
    )
    late = page.post(f"{address}/valider", data={"version": "2"})
    assert late.status_code == 409
    assert "relisez-le, puis validez" in text(late.text)


def test_a_validated_budget_cannot_be_changed_by_any_address(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    made = validated(cast.engine, worker, household)
    page, address = as_(cast.ccas, "intake"), f"/foyers/{household}/budget/{made}"
    refused = page.post(f"{address}/enregistrer", data=typed({LineKind.RSA: "1"}, 3))
    assert refused.status_code == 409
    assert "Ce budget est validé : il ne change plus." in text(refused.text)
    assert page.post(f"{address}/valider", data={"version": "3"}).status_code == 409
    assert page.get(f"{address}/valider").headers["location"] == address
    assert "720,10 €" in text(page.get(address).text)


def test_the_draft_is_taken_up_rather_than_doubled(cast: Cast, worker: Member, household: UUID, as_: Browsers) -> None:
    made = draft(cast.engine, worker, household)
    page, file = as_(cast.ccas, "intake"), f"/foyers/{household}"
    again = page.post(f"{file}/budget/nouveau")
    assert again.headers["location"] == f"{file}/budget/{made}"
    assert "Le reprendre" in text(page.get(f"{file}/budget/nouveau").text)
    assert "Reprendre le brouillon" in text(page.get(file).text)


def test_a_known_household_starts_from_its_last_budget(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    made = validated(cast.engine, worker, household)
    page, file = as_(cast.ccas, "intake"), f"/foyers/{household}"
    assert "Repartir du budget du" in text(page.get(f"{file}/budget/nouveau").text)
    started = page.post(f"{file}/budget/nouveau", data={"source": str(made)})
    screen = page.get(started.headers["location"])
    assert 'value="9,90"' in screen.text
    assert page.post(f"{file}/budget/nouveau", data={"source": "x"}).status_code == 422


def test_charges_above_resources_are_flagged_never_hidden(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    made = validated(cast.engine, worker, household, {LineKind.RSA: "100", LineKind.LOYER: "400"})
    shown = text(as_(cast.ccas, "intake").get(f"/foyers/{household}/budget/{made}").text)
    assert "Charges supérieures aux ressources" in shown
    assert "\u2212300,00 €" in shown


def test_a_line_about_health_is_refused_to_who_may_not_see_it_and_stays_typed(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "budget"))
    made = draft(cast.engine, cast.epicerie.people["intake"], household, {})
    page, address = as_(cast.epicerie, "intake"), f"/foyers/{household}/budget/{made}"
    assert "(AAH)" not in page.get(address).text
    refused = page.post(f"{address}/enregistrer", data=typed({LineKind.AAH: "1041,59"}, 2))
    assert refused.status_code == 422
    assert "touche à la santé" in text(refused.text)
    assert 'value="1041,59"' in refused.text


# ------------------------------------------------------------------ closed doors


@pytest.mark.parametrize("suffix", ["", "/valider"])
def test_who_sees_nothing_of_the_budget_gets_404(
    cast: Cast, worker: Member, household: UUID, as_: Browsers, suffix: str
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "needs"))
    made = validated(cast.engine, worker, household)
    for organised in (cast.epicerie, cast.bonne_action, cast.elsewhere):
        page = as_(organised, "intake")
        assert page.get(f"/foyers/{household}/budget/{made}{suffix}").status_code == 404
        assert page.get(f"/foyers/{household}/budget/nouveau").status_code == 404
        assert page.post(f"/foyers/{household}/budget/nouveau", data={"source": "x"}).status_code == 404
        for act in ("calcul", "enregistrer", "valider"):
            assert page.post(f"/foyers/{household}/budget/{made}/{act}").status_code == 404
    assert as_(cast.ccas, "intake").get(f"/foyers/{household}/budget/{uuid4()}{suffix}").status_code == 404


def test_a_partner_trusted_with_the_budget_reads_it_but_does_not_type_in_it(
    cast: Cast, worker: Member, household: UUID, as_: Browsers
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "budget"))
    made = validated(cast.engine, worker, household)
    page, address = as_(cast.epicerie, "intake"), f"/foyers/{household}/budget/{made}"
    assert "720,10 €" in text(page.get(address).text)
    assert page.post(f"{address}/enregistrer", data=typed(G1, 3)).status_code == 404
    assert as_(cast.epicerie, "volunteer").get(address).status_code == 403


def test_the_page_the_sheet_and_json_explain_each_line_alike(
    partners: dict[str, Organised], shared_base: Base, as_: Browsers
) -> None:
    """Every line of every answer: the same words, the same amount, the same source, on the page that is printed."""
    ccas = partners["ccas-carvin"]
    worker, household = ccas.people["intake"], mother_and_two(shared_base.engine, ccas.people["intake"])
    lines = {**G1, LineKind.ARS: "35,57", LineKind.TELEPHONE: "75", LineKind.AIDE_FAMILIALE: "50"}
    made = validated(shared_base.engine, worker, household, lines)
    page = as_(ccas, "intake")
    shown = text(page.get(f"/foyers/{household}/budget/{made}").text)
    form = {"grant_type": "password", "username": ccas.emails["intake"], "password": PASSWORD}
    token = page.post("/api/v1/token", data=form).json()["access_token"]
    address = f"/api/v1/households/{household}/assessments/{made}"
    answers = page.get(address, headers={"authorization": f"Bearer {token}"}).json()["answers"]
    outcomes = set()
    for answer in answers:
        for said in answer["result"]["lines"]:
            outcomes.add(said["outcome"])
            counted = euros_exact(Fraction(said["counted_cents"]), 2)
            assert [words for words in (said["says"], said["source"], counted) if text(words) not in shown] == []
            assert said["rule"]
    assert outcomes == {"counted", "shared", "capped", "flat", "ignored"}
