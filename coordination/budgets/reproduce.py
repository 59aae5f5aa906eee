"""A validated budget of the base computed again: for who may read it, on a page; for the operator, through one door."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from coordination.audit.service import reading
from coordination.budgets import queries
from coordination.budgets.again import Again, Frozen, Verdict, compute_again, read_frozen
from coordination.budgets.models import AssessmentResult
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown

REPRODUCED = reading("budget.reproduce", "Calcul d’un budget refait par l’exploitant, sans nom")


class UnknownBudget(LookupError):
    """Aucun budget validé ne porte cet identifiant."""


def again_for(session: ActorSession, household_id: UUID, assessment_id: UUID) -> list[Again]:
    """A validated budget computed again from what the actor may read of it. Raises `NotKnown`, also for a draft."""
    found = queries.assessment_of(session, household_id, assessment_id)
    if found.status == queries.DRAFT:
        raise NotKnown
    query = select(AssessmentResult).where(AssessmentResult.assessment_id == found.id)
    rows = session.exec(query.order_by(col(AssessmentResult.bareme_code)))
    lines = queries.lines_of(session, [found.id])[found.id]
    answers = [(row.bareme_code, row.bareme_version, row.result) for row in rows]
    return compute_again(Frozen(found.reference_date, found.composition, lines, answers), queries.known_bareme)


# ------------------------------------------------------------------ for the operator


def reproduce(session: ActorSession, assessment: str, *, as_json: bool) -> tuple[str, bool]:
    """The text to print, and whether every figure is the one that was frozen. Raises `UnknownBudget`.

    The door tells amounts and ages without any name, and writes a line in the network's journal.
    """
    try:
        wanted = UUID(assessment)
    except ValueError:
        raise UnknownBudget(f"« {assessment[:60]} » n’est pas l’identifiant d’un budget.") from None
    data = session.door("access.budget_to_reproduce(cast(:wanted as uuid))", wanted=str(wanted))
    if data is None:
        raise UnknownBudget(f"Aucun budget validé ne porte l’identifiant {wanted}.")
    frozen = read_frozen(data)
    found = compute_again(frozen, queries.known_bareme)
    holds = all(each.verdict.holds for each in found)
    if as_json:
        return json.dumps(_report(wanted, frozen, found, holds=holds), ensure_ascii=False, indent=2), holds
    return "\n".join(_spoken(wanted, frozen, found, holds=holds)), holds


def _report(wanted: UUID, frozen: Frozen, found: Sequence[Again], *, holds: bool) -> dict[str, Any]:
    return {
        "assessment": str(wanted),
        "on": frozen.on.isoformat(),
        "same": holds,
        "baremes": [
            {
                "id": each.code,
                "version": each.version,
                "verdict": each.verdict.value,
                "why": each.why or None,
                "differences": [
                    {"place": one.place, "frozen": one.was, "today": one.now, "words_only": one.words}
                    for one in each.differences
                ],
            }
            for each in found
        ],
    }


def _spoken(wanted: UUID, frozen: Frozen, found: Sequence[Again], *, holds: bool) -> list[str]:
    said = [f"Budget {wanted}, au {frozen.on:%d/%m/%Y}, {len(frozen.lines)} lignes"]
    if not found:
        said.append("Aucun barème n’avait répondu à ce budget : rien à comparer.")
    for each in found:
        said.append(f"  {each.code}, version {each.version} : {each.verdict.label}")
        said += [f"    {each.why}"] * bool(each.why) + [f"    {one.says}" for one in each.differences]
    said.append("Chaque chiffre est celui qui a été figé." if holds else _count(found))
    return said


def _count(found: Sequence[Again]) -> str:
    wrong = sum(each.verdict in (Verdict.DIFFERENT, Verdict.LOST) for each in found)
    return f"{wrong} réponse{'s' if wrong > 1 else ''} sur {len(found)} ne se refait pas à l’identique."
