"""The same reste à vivre written for openfisca-core, run by the interpreter that has it (`make rights`).

A line of JSON in: `{"people": […], "resources": […], "phone": […], "charges": […]}`, cents a month; then a line
by turn, the two bounds of each rule: `[[800, 1000], …]`. To each rule it answers the seconds and how many households
stand in each zone.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from openfisca_core.entities import Entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

MONTH = "2026-11"
PHONE_CAP = 6000
FOYER = Entity("foyer", "foyers", "Un foyer", "")


def system(below: int, council: int) -> TaxBenefitSystem:
    """The rules of the CCAS's demonstration barème: heads, thirty days, the telephone capped, two bounds."""

    def given(name: str) -> type:
        return type(name, (Variable,), {"value_type": float, "entity": FOYER, "definition_period": DateUnit.MONTH})

    class value(Variable):  # type: ignore[misc]  # noqa: N801
        value_type = float
        entity = FOYER
        definition_period = DateUnit.MONTH

        def formula(foyer: Any, period: Any, parameters: Any) -> Any:  # noqa: N805, ARG002
            phone = np.minimum(foyer("phone", period), PHONE_CAP)
            return (foyer("resources", period) - foyer("charges", period) - phone) / foyer("people", period) / 30

    class zone(Variable):  # type: ignore[misc]  # noqa: N801
        value_type = int
        entity = FOYER
        definition_period = DateUnit.MONTH

        def formula(foyer: Any, period: Any, parameters: Any) -> Any:  # noqa: N805, ARG002
            amount = foyer("value", period)
            return np.select([amount < below, amount < council], [0, 1], default=2)

    rules = TaxBenefitSystem([FOYER])
    rules.add_variables(*(given(name) for name in ("people", "resources", "phone", "charges")), value, zone)
    return rules


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    columns = {name: np.array(column, dtype=float) for name, column in asked.items()}
    answer(len(columns["people"]))
    for line in sys.stdin:
        answer([routed(columns, *bounds) for bounds in json.loads(line)])


def routed(columns: dict[str, Any], below: int, council: int) -> dict[str, Any]:
    simulation = SimulationBuilder().build_default_simulation(system(below, council), count=len(columns["people"]))
    for name, column in columns.items():
        simulation.set_input(name, MONTH, column)
    started = time.process_time()
    found = simulation.calculate("zone", MONTH)
    simulation.calculate("value", MONTH)
    seconds = time.process_time() - started
    return {"seconds": seconds, "zones": np.bincount(found, minlength=3).tolist()}


def answer(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
