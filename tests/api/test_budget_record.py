"""What became of budgets, as programs read it: decisions, the reste à vivre over time, the computation done again."""

from collections.abc import Callable
from uuid import UUID

from coordination.budgets import deciding
from coordination.budgets.routing import DecisionForm
from coordination.kit.db import acting
from tests.api.make import Client
from tests.budgets.make import mother_and_two, partners_with_baremes, validated
from tests.conftest import Base

CCAS = "ccas-carvin"
WHY = "La dette d’énergie sera effacée en décembre."


def test_programs_read_decisions_history_and_the_computation_done_again(
    shared_base: Base, api: Callable[[], Client]
) -> None:
    partners = partners_with_baremes(shared_base.engine)
    worker = partners[CCAS].people["intake"]
    household = mother_and_two(shared_base.engine, worker)
    budget = validated(shared_base.engine, worker, household)

    def decide(retained: str, reason: str, replaces: UUID | None) -> UUID:
        given = {"proposed": "council", "retained": retained, "reason": reason, "replaces": replaces}
        with acting(shared_base.engine, worker) as session:
            return deciding.decide(session, household, budget, CCAS, DecisionForm.model_validate(given)).id

    first = decide("council", "", None)
    decide("eligible", WHY, first)
    client = api().sign_in(partners[CCAS].emails["intake"])
    file = f"/households/{household}"
    latest, former = client.ok("GET", f"{file}/decisions")
    assert (latest["retained"], latest["reason"], latest["departs"]) == ("eligible", WHY, True)
    assert latest["replaces"] == former["id"] == str(first)
    assert (former["replaced"], former["proposed"], former["departs"]) == (True, "council", False)
    own = client.ok("GET", f"{file}/reste-a-vivre")[0]
    assert (own["bareme"], own["mine"], len(own["points"])) == (CCAS, True, 1)
    assert own["points"][0]["value_cents"] == "800.1111"
    again = client.ok("GET", f"{file}/assessments/{budget}/reproduction")
    assert {each["verdict"] for each in again} == {"same"}
