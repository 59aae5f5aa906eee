"""The same reste à vivre written for openfisca-core, run by the interpreter that has it (`make rights`).

JSON in: `{"people": […], "resources": […], "phone": […], "charges": […], "bounds": [[800, 1000], …]}`, cents a month.
It answers the seconds of each routing and how many households stand in each zone.
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
    asked = json.load(sys.stdin)
    columns = {name: np.array(asked[name], dtype=float) for name in ("people", "resources", "phone", "charges")}
    seconds, zones = [], []
    for below, council in asked["bounds"]:
        simulation = SimulationBuilder().build_default_simulation(system(below, council), count=len(asked["people"]))
        for name, column in columns.items():
            simulation.set_input(name, MONTH, column)
        started = time.perf_counter()
        found = simulation.calculate("zone", MONTH)
        seconds.append(time.perf_counter() - started)
        zones.append(np.bincount(found, minlength=3).tolist())
    json.dump({"seconds": seconds, "zones": zones}, sys.stdout)


if __name__ == "__main__":
    main()
