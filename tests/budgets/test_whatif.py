"""« Et si… »: what moves for each barème when an amount or somebody changes, and nothing kept unless asked."""

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from html import unescape
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.budgets.bareme import Composition, Head, ZoneKind
from coordination.budgets.lines import Line, LineKind
from coordination.budgets.whatif import changed, custody_options, moves, signed
from coordination.kit.actor import Member
from tests.budgets.make import G1, TODAY, bareme, draft, family, line, mother_and_two, partners_with_baremes, typed
from tests.budgets.make import validated as validate
from tests.cast import PASSWORD, Organised
from tests.conftest import Base, Browser
from tests.sharing.make import agree

HTMX = {"hx-request": "true"}
COUPLE = Composition(
    (Head(birth_date=date(1985, 1, 1)), Head(birth_date=date(1986, 1, 1)), Head(birth_date=date(2018, 1, 1)))
)


def test_a_separation_leaves_a_parent_alone_and_a_birth_adds_a_child() -> None:
    alone = changed(COUPLE, TODAY, {1}, {}, 0, 0)
    assert (len(alone.heads), alone.single_parent) == (2, True)
    more = changed(COUPLE, TODAY, set(), {}, 1, 1)
    assert (len(more.heads), more.single_parent) == (5, False)
    assert [head.unborn for head in more.heads] == [False, False, False, False, True]
    half = changed(COUPLE, TODAY, set(), {2: Fraction(1, 2)}, 0, 0)
    assert half.heads[2].weight == Fraction(1, 2)
    assert changed(COUPLE, TODAY, set(), {2: Fraction(1)}, 0, 0) is COUPLE


def told(before: tuple[Composition, Line], after: tuple[Composition, Line]) -> tuple[str, str]:
    rules = [(bareme(), True)]
    sides = [(rules, people, [line(LineKind.RSA, "740"), rent], TODAY) for people, rent in (before, after)]
    (move,) = moves(sides[0], sides[1])
    return move.words, move.gap.replace("\u00a0", " ")


def test_a_change_of_answer_is_told_in_words_and_a_change_of_figure_in_euros() -> None:
    rent = line(LineKind.LOYER, "350")
    assert told((family(2), rent), (family(2), rent)) == ("Même réponse", "sans changement par jour et par personne")
    words, gap = told((family(2), rent), (family(1), rent))
    assert (words, gap) == ("éligible → au-dessus du seuil", "+ 6,50 € par jour et par personne")
    assert told((family(1), rent), (Composition(()), rent))[0] == "au-dessus du seuil → pas de réponse"


@given(st.integers(-10_000, 10_000), st.integers(1, 90))
def test_a_gap_is_never_shown_as_zero_unless_it_is(cents: int, by: int) -> None:
    said = signed(Fraction(cents, by))
    assert (said == "sans changement") is (cents == 0)
    assert said.startswith(("+", "\u2212")) is (cents != 0)


def test_the_present_share_is_always_among_those_offered() -> None:
    assert custody_options(Fraction(1, 3))[0] == ("1/3", "compte pour 0,3333")
    assert "1/2" in dict(custody_options(Fraction(1)))


# ------------------------------------------------------------------ its page


@pytest.fixture(scope="module")
def partners(shared_base: Base) -> dict[str, Organised]:
    return partners_with_baremes(shared_base.engine)


@pytest.fixture(scope="module")
def worker(partners: dict[str, Organised]) -> Member:
    return partners["ccas-carvin"].people["intake"]


@pytest.fixture(scope="module")
def page(partners: dict[str, Organised], browser: Callable[[], Browser]) -> Browser:
    return browser().sign_in(partners["ccas-carvin"].emails["intake"], PASSWORD)


@pytest.fixture
def household(shared_base: Base, worker: Member) -> UUID:
    return mother_and_two(shared_base.engine, worker)


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def people(**changes: str) -> dict[str, str]:
    fields = {f"people-{rank}-number": str(rank) for rank in range(3)} | {"births": "0", "unborn": "0"}
    return fields | {name.replace("_", "-"): value for name, value in changes.items()}


def kept(base: Base, household: UUID) -> list[tuple[object, ...]]:
    return base.admin(
        "select a.id, a.version, l.id, l.amount_cents from assessment a left join budget_line l"
        " on l.assessment_id = a.id where a.household_id = %s order by 1, 3",
        household,
    )


def test_it_starts_as_the_budget_stands_and_moves_with_rent_people_and_date(
    shared_base: Base, worker: Member, page: Browser, household: UUID
) -> None:
    made = validate(shared_base.engine, worker, household)
    before = kept(shared_base, household)
    address = f"/foyers/{household}/budget/{made}/et-si"
    start = text(page.get(address).text)
    assert "aucune structure ne change de réponse" in start
    assert "DIALLO Issa" in start
    dearer = page.post(address, data=typed(G1 | {LineKind.LOYER: "351"}, 3, people()), headers=HTMX)
    assert "<html" not in dearer.text
    said = text(dearer.text)
    assert "1 structure sur 4 change de réponse" in said
    assert "à examiner par le Conseil → éligible" in said
    assert "Avant : 8,00 € par jour et par personne, à examiner par le Conseil" in said
    assert "seuil de 8,00 € : il manque 0,0100 €" in said
    gone = text(page.post(address, data=typed(G1, 3, people(people_2_leaves="oui"))).text)
    assert "Personnes : 3 → 2" in gone
    assert "12,00 €" in gone
    born = text(page.post(address, data=typed(G1, 3, people(births="1"))).text)
    assert "Personnes : 3 → 4" in born
    half = text(page.post(address, data=typed(G1, 3, people(people_2_share="1/2"))).text)
    assert "9,60 €" in half, "720,10 € for two and a half"
    early = text(page.post(address, data=typed(G1, 3, people()) | {"reference_date": "01/01/2020"}).text)
    assert "pas de barème ce jour-là" in early
    assert kept(shared_base, household) == before, "nothing kept"


def test_what_cannot_be_read_is_said_and_stays_typed(
    shared_base: Base, worker: Member, page: Browser, household: UUID
) -> None:
    made = validate(shared_base.engine, worker, household)
    address = f"/foyers/{household}/budget/{made}/et-si"
    for wrong in ({"lines-10-amount": "mille"}, {"births": "9"}, {"people-1-share": "1/0"}, {"people-1-share": "7"}):
        refused = page.post(address, data=typed(G1, 3, people()) | wrong)
        assert refused.status_code == 422
        assert "Le calcul attend" in text(refused.text)
    assert "mille" in page.post(address, data=typed(G1, 3, people()) | {"lines-10-amount": "mille"}).text
    nobody = page.post(address, data=typed(G1, 3, people(**{f"people_{n}_leaves": "oui" for n in range(3)})))
    assert "Aucune personne dans le foyer" in text(nobody.text)


def test_amounts_are_kept_in_a_draft_when_asked_and_people_never(
    shared_base: Base, worker: Member, page: Browser, household: UUID
) -> None:
    made = validate(shared_base.engine, worker, household)
    address = f"/foyers/{household}/budget/{made}/et-si"
    fields = typed(G1 | {LineKind.LOYER: "400"}, 3, people(people_2_leaves="oui"))
    done = page.post(f"{address}/garder", data=fields)
    assert done.status_code == 303
    said = text(page.get(done.headers["location"]).text)
    assert "notez le départ ou la naissance dans la composition du foyer" in said
    assert shared_base.admin(
        "select amount_cents from budget_line l join assessment a on a.id = l.assessment_id"
        " where a.household_id = %s and a.status = 'draft' and l.kind = 'loyer'",
        household,
    ) == [(40000,)]
    again = page.post(f"{address}/garder", data=fields)
    assert again.status_code == 409
    assert "déjà un budget en cours de saisie" in text(again.text)
    assert 'value="400"' in again.text


def test_a_draft_takes_the_amounts_that_were_tried_on_it(
    shared_base: Base, worker: Member, page: Browser, household: UUID
) -> None:
    made = draft(shared_base.engine, worker, household)
    address = f"/foyers/{household}/budget/{made}/et-si"
    assert "Reporter dans le brouillon" in text(page.get(address).text)
    stale = page.post(f"{address}/garder", data=typed(G1 | {LineKind.RSA: "1"}, 1, people()))
    assert stale.status_code == 409
    done = page.post(f"{address}/garder", data=typed(G1 | {LineKind.RSA: "1"}, 2, people()))
    assert done.headers["location"] == f"/foyers/{household}/budget/{made}"


def test_a_partner_tries_on_a_budget_shared_with_it(
    shared_base: Base, partners: dict[str, Organised], worker: Member, browser: Callable[[], Browser], household: UUID
) -> None:
    made = validate(shared_base.engine, worker, household)
    shop = partners["epicerie-solidaire"]
    theirs = browser().sign_in(shop.emails["intake"], PASSWORD)
    address = f"/foyers/{household}/budget/{made}/et-si"
    assert theirs.get(address).status_code == theirs.post(address, data=typed(G1, 3, people())).status_code == 404
    agree(shared_base.engine, worker, household, [shop], parts=("budget", "identity"))
    assert "7,89 €" in text(theirs.post(address, data=typed(G1, 3, people())).text)
    assert ZoneKind.ELIGIBLE.label in text(theirs.get(address).text)
