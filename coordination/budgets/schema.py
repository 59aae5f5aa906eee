"""The JSON Schema of a barème's file: what editors check while one types. It ships as docs/baremes/bareme.schema.json.

The reader (`baremes.py`) says more: bounds in order, a released version that changed, the line of each fault.
"""

from typing import Any

from coordination.budgets.bareme import Base, Every, LandlordAid, Per, Standing, ZoneKind
from coordination.budgets.lines import CHARGES, RESOURCES

Schema = dict[str, Any]

NUMBER: Schema = {
    "description": "Un nombre exact : 30, 0.5, 30.42 ou 365/12.",
    "type": ["number", "string"],
    "minimum": 0,
    "pattern": r"^([0-9]{1,9}([.,][0-9]{1,9})?|[0-9]{1,9}/[0-9]*[1-9][0-9]*)$",
}
SIGNED: Schema = {
    "description": "Un montant en euros, deux décimales au plus ; il peut être négatif.",
    "type": ["number", "string"],
    "pattern": r"^-?[0-9]{1,3}([0-9]*|([ \u00a0\u202f][0-9]{3})*)([.,][0-9]{0,2})?$",
}
AMOUNT: Schema = SIGNED | {"description": "Un montant en euros, deux décimales au plus.", "minimum": 0}
AMOUNT["pattern"] = AMOUNT["pattern"].replace("^-?", "^")
TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
MONTHS: Schema = {"description": "Un nombre, en mois.", "type": "integer", "minimum": 0, "maximum": 120}
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
PARTIAL: Schema = {
    "description": "2026-01-31, 2026-01 ou 2026 ; null si on l’ignore.",
    "type": ["string", "integer", "null"],
    "pattern": r"^[0-9]{4}(-[0-9]{2}){0,2}$",
}
SCALE: Schema = {
    "description": "Un montant pour tous, ou selon le nombre de personnes : {1: 60.00, 2: 90.00, more: 20.00}.",
    "anyOf": [
        {"$ref": "#/$defs/amount"},
        {
            "type": "object",
            "required": ["1"],
            "properties": {"more": {"$ref": "#/$defs/amount"}},
            "patternProperties": {"^([1-9]|1[0-9]|20)$": {"$ref": "#/$defs/amount"}},
            "additionalProperties": False,
        },
    ],
}


def _section(description: str, required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "description": description,
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "additionalProperties": False,
    }


def _choice(description: str, words: type[Per | Every | Base | Standing | LandlordAid | ZoneKind]) -> Schema:
    return {"description": description, "enum": [word.value for word in words]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _range(description: str, kind: Schema) -> Schema:
    return _section(description, {"from": kind, "to": kind})


def _treatment(*, forfait: bool) -> Schema:
    fields = {
        "ignored": FLAG,
        "share": _ref("number") | {"maximum": 1},
        "cap": _ref("scale"),
        "because": TEXT | {"description": "La phrase affichée à côté de la ligne."},
    }
    if forfait:
        fields |= {"flat": _ref("scale"), "flat_unproved": _ref("scale"), "always": FLAG}
    what = "Une charge" if forfait else "Une ressource"
    return _section(f"{what} : ignorée, comptée en partie, plafonnée{' ou au forfait' * forfait}.", {}, fields)


def _lines() -> Schema:
    kinds = {kind.value: _ref("resource") for kind in RESOURCES} | {kind.value: _ref("charge") for kind in CHARGES}
    return _section("Les lignes traitées à part.", {}, kinds)


def _zones() -> Schema:
    several: Schema = {"type": "array", "minItems": 1, "items": _ref("zone")}
    apart = _section("Deux listes, selon que la personne vit seule.", {"family": several, "single": several})
    return {"description": "Les réponses, de la plus basse à la plus haute.", "anyOf": [several, apart]}


def _version() -> Schema:
    weight = _ref("number") | {"maximum": 2}
    weights = _section(
        "Pour combien compte chacun.",
        dict.fromkeys(("first", "other", "child", "unborn", "single_parent"), weight)
        | {"child_under": {"type": "integer", "minimum": 1, "maximum": 25}},
        {"shared_custody": _ref("number") | {"maximum": 1}},
    )
    terms = _section(
        "Ce que dure un accès et ce qu’il donne.",
        {},
        {
            "duration": {"anyOf": [MONTHS, _range("La durée la plus courte et la plus longue, en mois.", MONTHS)]},
            "renewals": MONTHS | {"description": "Combien de fois l’accès se renouvelle."},
            "waiting": MONTHS | {"description": "Mois d’attente avant une nouvelle demande."},
            "longest": MONTHS | {"description": "Mois d’accès au plus, en tout."},
            "purchase_budget": _ref("scale"),
        },
    )
    unlisted = _section("Ce que deviennent les lignes non citées.", {"resources_count": FLAG, "charges_count": FLAG})
    return _section(
        "Une version datée.",
        {
            "from": {"description": "Premier jour d’application.", "type": "string", "pattern": DAY},
            "source": _ref("source"),
            "days": _ref("number") | {"minimum": 28, "maximum": 31},
            "every": _choice("Seuils par jour ou par mois.", Every),
            "base": _choice("Seuils par personne ou pour le foyer entier.", Base),
            "per": _choice("Ce qu’on compte : têtes, unités de consommation ou parts.", Per),
            "weights": weights,
            "unlisted": unlisted,
            "landlord_aid": _choice("L’aide au logement versée au bailleur.", LandlordAid),
            "zones": _zones(),
        },
        {"lines": _lines(), "terms": terms, "notes": {"type": "array", "minItems": 1, "items": TEXT}},
    )


def schema() -> Schema:
    """The whole schema (JSON Schema 2020-12)."""
    zone = _section(
        "Une zone : sa réponse, sa limite haute, la participation demandée. La dernière n’a pas de limite.",
        {"zone": _choice("La réponse.", ZoneKind)},
        {
            "below": SIGNED | {"description": "Moins de ce montant."},
            "up_to": SIGNED | {"description": "Ce montant ou moins."},
            "user_share": _range("La participation du foyer, en pour cent.", _ref("number") | {"maximum": 100}),
        },
    )
    source = _section(
        "D’où viennent les valeurs.",
        {"title": TEXT},
        {"date": PARTIAL, "link": {"type": ["string", "null"], "pattern": "^https?://"}, "checked_on": PARTIAL},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Barème du reste à vivre",
        **_section(
            "Le barème d’une structure : ce qui ne change pas, puis ses versions datées.",
            {
                "code": TEXT | {"description": "Le nom du fichier, sans « .yaml »."},
                "title": TEXT,
                "organisation_label": TEXT,
                "standing": _choice("Ce que valent ces valeurs.", Standing),
                "versions": {"type": "array", "minItems": 1, "items": _ref("version")},
            },
            {
                "organisation": {"description": "L’identifiant de la structure, ou null.", "type": ["string", "null"]},
                "public": {"description": "true : le simulateur public en donne la réponse.", "type": "boolean"},
            },
        ),
        "$defs": {
            "number": NUMBER,
            "amount": AMOUNT,
            "scale": SCALE,
            "resource": _treatment(forfait=False),
            "charge": _treatment(forfait=True),
            "zone": zone | {"not": {"required": ["below", "up_to"]}},
            "source": source,
            "version": _version(),
        },
    }
