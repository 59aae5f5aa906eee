"""Usual lines that this situation would have and that were not typed: questions for the worker, never a result.

Which lines are usual is a local habit (no source), except the age and number of children of the allocations familiales.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from coordination.budgets.bareme import Composition, Head, Home
from coordination.budgets.lines import HOUSING_COSTS, Line, LineKind, Side
from coordination.budgets.result import Notice, NoticeCode
from coordination.budgets.units import ADULT, age_range

OWNER_COSTS = frozenset({LineKind.CREDIT_IMMOBILIER, LineKind.TAXE_FONCIERE, LineKind.CHARGES_LOGEMENT})
CHILDREN_BENEFITS = frozenset(
    {LineKind.ALLOCATIONS_FAMILIALES, LineKind.COMPLEMENT_FAMILIAL, LineKind.PAJE, LineKind.ASF}
)
SUPPORT = frozenset({LineKind.ASF, LineKind.PENSION_ALIMENTAIRE_RECUE})
FORGOTTEN = "Est-ce un oubli, ou un droit à ouvrir ?"
MANY_CHILDREN = 2
"""Allocations familiales begin with the second child (Code de la sécurité sociale, art. L.521-1)."""


def missing(lines: Sequence[Line], composition: Composition, on: date) -> tuple[Notice, ...]:
    """Every usual line that is not there; a line typed at 0 € is there."""
    return tuple(Notice(code, (), says) for code, says in _asked(lines, composition, on))


def _asked(lines: Sequence[Line], composition: Composition, on: date) -> Iterable[tuple[NoticeCode, str]]:
    typed = {line.kind for line in lines}
    if not any(line.kind.side is Side.RESOURCE for line in lines):
        yield NoticeCode.NO_RESOURCE, "Aucune ressource n’est saisie : si le foyer n’en a aucune, inscrivez 0 €."
    yield from _housing(typed, lines, composition.home)
    children = sum(_is_child(head, on) for head in composition.heads)
    if children >= MANY_CHILDREN and not typed & CHILDREN_BENEFITS:
        says = f"{children} enfants au foyer, mais aucune prestation familiale n’est saisie. {FORGOTTEN}"
        yield NoticeCode.MISSING_FAMILY_BENEFITS, says
    if composition.single_parent and not typed & SUPPORT:
        says = f"Parent seul, mais ni pension alimentaire ni allocation de soutien familial. {FORGOTTEN}"
        yield NoticeCode.MISSING_SUPPORT, says


def _housing(typed: set[LineKind], lines: Sequence[Line], home: Home | None) -> Iterable[tuple[NoticeCode, str]]:
    aided = any(line.kind.is_housing_aid and line.amount_cents and not line.paid_to_landlord for line in lines)
    if home is Home.TENANT and LineKind.LOYER not in typed:
        yield NoticeCode.MISSING_RENT, "Le foyer est locataire, mais aucun loyer n’est saisi."
    elif aided and not typed & HOUSING_COSTS:
        yield NoticeCode.MISSING_RENT, "Une aide au logement est saisie, mais ni loyer ni crédit immobilier."
    if home is Home.OWNER and not typed & OWNER_COSTS:
        says = "Le foyer est propriétaire, mais ni crédit, ni taxe foncière, ni charges de copropriété ne sont saisis."
        yield NoticeCode.MISSING_OWNER_COST, says
    if home in (Home.TENANT, Home.OWNER) and LineKind.ENERGIE not in typed:
        yield NoticeCode.MISSING_ENERGY, "Aucune facture d’énergie n’est saisie."


def _is_child(head: Head, on: date) -> bool:
    """Whether this is surely a minor, born, who lives here at least part of the time."""
    return not head.unborn and head.weight > 0 and age_range(head, on)[1] < ADULT
