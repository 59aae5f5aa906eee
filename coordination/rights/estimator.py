"""The estimator, run by an interpreter of its own that has openfisca-france: JSON in, JSON out, one batch a process.

It imports nothing of the application, and the application never imports openfisca: its packages stand apart
(requirements/rights.txt), the pages do not carry them, and the memory is given back when the batch is done. The law's
parameters are openfisca-france's own, kept current by upgrading the package.

`{"households": [facts, …]}` → `{"package": "176.1.8", "answers": [{"rsa": ["573.49", "651.69"], …}, …]}`; the facts are
those of `coordination/rights/rules.py`.
"""

import json
import sys
from functools import cached_property
from importlib.metadata import version
from itertools import product
from typing import Any

MONTHS_BACK = 36
YEAR_AND_NOW = 13
# (whether the resources of the year before last were the same, or none; the zone of the housing)
SCENARIOS = [(True, "zone_2"), (True, "zone_3"), (False, "zone_2"), (False, "zone_3")]
FAMILY = ("rsa", "ppa", "aide_logement", "af", "cf", "asf", "aspa", "css_participation_forfaitaire", "cmu_c")
INPUTS = {
    "salaire": (("salaire_net", 1.0), ("salaire_imposable", 1.03)),
    "chomage": (("chomage_net", 1.0), ("chomage_imposable", 1.0)),
    "retraite": (("retraite_brute", 1.0), ("retraite_nette", 1.0), ("retraite_imposable", 1.0)),
    "invalidite": (("pensions_invalidite", 1.0),),
    "indemnites": (("indemnites_journalieres", 1.0),),
    "pension_recue": (("pensions_alimentaires_percues", 1.0),),
    "ass": (("ass", 1.0),),
    "aah": (("aah", 1.0),),
}
CSS_VALUE = 1.0
"""The CSS has no monthly amount: one euro says « eligible », the page says it in words."""


def months_until(month: str) -> list[str]:
    """The month and the `MONTHS_BACK` before it, the oldest first."""
    year, number = int(month[:4]), int(month[5:])
    last = year * 12 + number - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(last - MONTHS_BACK, last + 1)]


def entities(households: list[dict[str, Any]]) -> dict[str, Any]:
    """Every household of the batch, once for each scenario in turn, as openfisca's people, families, tax homes and
    dwellings: one simulation for them all, since its time hangs little on how many they are."""
    made: dict[str, Any] = {"individus": {}, "familles": {}, "foyers_fiscaux": {}, "menages": {}}
    for n, (facts, (steady, zone)) in enumerate(product(households, SCENARIOS)):
        months = months_until(facts["on"])
        earning = months if steady else months[-YEAR_AND_NOW:]
        parents, children = [], []
        for place, adult in enumerate(facts["adults"]):
            name = f"{n}a{place}"
            parents.append(name)
            made["individus"][name] = _adult(adult, months, earning)
        for place, child in enumerate(facts["children"]):
            name = f"{n}c{place}"
            children.append(name)
            made["individus"][name] = {
                "date_naissance": {"ETERNITY": child["born"]},
                "garde_alternee": dict.fromkeys(months, child["shared"]),
            }
        made["familles"][f"{n}f"] = {"parents": parents, "enfants": children}
        made["foyers_fiscaux"][f"{n}t"] = {"declarants": parents, "personnes_a_charge": children}
        made["menages"][f"{n}m"] = {
            "personne_de_reference": parents[:1],
            "conjoint": parents[1:2],
            "autres": parents[2:],
            "enfants": children,
            "loyer": dict.fromkeys(months, float(facts["rent"])),
            "statut_occupation_logement": dict.fromkeys(months, facts["tenure"]),
            "zone_apl": dict.fromkeys(months, zone),
        }
    return made


def _adult(adult: dict[str, Any], months: list[str], earning: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"date_naissance": {"ETERNITY": adult["born"]}}
    for word, variables in INPUTS.items():
        amount = float(adult.get(word, "0"))
        for variable, factor in variables:
            if amount or variable in ("ass", "aah"):  # these two are told, never computed from the rest
                known = dict.fromkeys(months, 0.0) | dict.fromkeys(earning, amount * factor)
                made[variable] = known
    if float(adult.get("aah", "0")):
        made["taux_incapacite"] = dict.fromkeys(months, 0.8)
    return made


def estimate(households: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    """The low and the high of each right over the scenarios, in the order of the households (one month for all)."""
    from openfisca_core.simulation_builder import SimulationBuilder
    from openfisca_france import FranceTaxBenefitSystem

    _read_the_law_as_it_is_asked()
    system = FranceTaxBenefitSystem()
    ranges: list[dict[str, list[float]]] = [{} for _ in households]
    for month in sorted({facts["on"] for facts in households}):
        places = [n for n, facts in enumerate(households) if facts["on"] == month]
        asked = [households[n] for n in places]
        simulation = SimulationBuilder().build_from_entities(system, entities(asked))
        found = {name: simulation.calculate(name, month).tolist() for name in FAMILY}
        mva = simulation.calculate("mva", month).tolist()
        first = 0
        for row, ((n, facts), _) in enumerate(product(zip(places, asked, strict=True), SCENARIOS)):
            answer = {name: float(found[name][row]) for name in FAMILY}
            size = len(facts["adults"]) + len(facts["children"])
            told = {"aah": facts["adults"][0].get("aah", "0")}
            _widen(ranges[n], _rights(answer, mva[first : first + size], told))
            first += size
    return [{name: [f"{low:.2f}", f"{high:.2f}"] for name, (low, high) in each.items()} for each in ranges]


def _read_the_law_as_it_is_asked() -> None:
    """A branch is read when a formula asks for it: to read the whole law on each of its days took half the time."""
    from openfisca_core.parameters import ParameterNode, ParameterNodeAtInstant

    class Branch(ParameterNodeAtInstant):  # type: ignore[misc]
        def __init__(self, name: str, node: Any, instant: Any) -> None:
            self._name, self._node, self._instant, self._instant_str = name, node, instant, str(instant)

        @cached_property
        def _children(self) -> dict[str, Any]:
            found = {name: child.get_at_instant(self._instant) for name, child in self._node.children.items()}
            return {name: child for name, child in found.items() if child is not None}

        def __getattr__(self, key: str) -> Any:
            return self._children[key] if key in self._children else super().__getattr__(key)

    ParameterNode.get_at_instant = lambda node, instant: Branch(node.name, node, instant)


def _rights(answer: dict[str, float], mva: list[float], told: dict[str, str]) -> dict[str, float]:
    free, paid = answer.pop("cmu_c"), answer.pop("css_participation_forfaitaire")
    answer["css"] = CSS_VALUE if free or paid else 0.0
    if float(told["aah"]):
        answer["mva"] = mva[0]
    return answer


def _widen(known: dict[str, list[float]], answer: dict[str, float]) -> None:
    for name, value in answer.items():
        low, high = known.get(name, [value, value])
        known[name] = [min(low, value), max(high, value)]


def main() -> None:
    asked = json.load(sys.stdin)
    answers = estimate(asked["households"])
    json.dump({"package": version("openfisca-france"), "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
