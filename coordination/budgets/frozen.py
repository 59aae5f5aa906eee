"""The frozen form of a result: everything it says, as JSON that gives back exactly the same result years later.

Exact numbers are texts "numerator/denominator"; `per_day_euros` is there for readers who do not divide.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from coordination.budgets import result as rav
from coordination.budgets.bareme import Base, Every, Per, Standing, ZoneKind
from coordination.budgets.lines import LineKind
from coordination.kit.money import rounded

FORMAT = 2
READABLE = (1, 2)
"""1: before the terms, the purchase budget and the place of each rule were frozen too."""


def freeze(result: "rav.Result") -> dict[str, object]:
    """The result as JSON values."""
    return {
        "format": FORMAT,
        "bareme": {
            "code": result.bareme_code,
            "version": result.bareme_version.isoformat(),
            "title": result.bareme_title,
            "digest": result.bareme_digest,
            "organisation_label": result.organisation_label,
            "standing": result.standing.value,
            "per": result.per.value,
            "every": result.every.value,
            "base": result.base.value,
            "unit_phrase": result.unit_phrase,
            "days": str(result.days),
        },
        "on": result.on.isoformat(),
        "unit_count": str(result.unit_count),
        "resources_cents": str(result.resources_cents),
        "charges_cents": str(result.charges_cents),
        "per_day_cents": str(result.per_day_cents),
        "per_day_euros": str(rounded(result.per_day_cents / 100, 6)),
        "value_cents": str(result.value_cents),
        "zone": result.zone.value,
        "user_share": [str(share) for share in result.user_share] if result.user_share else None,
        "distances": [
            {"bound_cents": each.bound_cents, "inclusive": each.inclusive, "gap_cents": str(each.gap_cents)}
            | {"says": each.says}
            for each in result.distances
        ],
        "rounding_warning": result.rounding_warning,
        "lines": [
            {"id": line.line_id, "kind": line.kind.value, "label": line.label, "outcome": line.outcome.value}
            | {"monthly_cents": str(line.monthly_cents), "counted_cents": str(line.counted_cents)}
            | {"says": line.says, "source": line.source, "rule": line.rule}
            for line in result.lines
        ],
        "notices": [
            {"code": notice.code.value, "line_ids": list(notice.line_ids), "says": notice.says}
            for notice in result.notices
        ],
        "terms": result.terms,
        "purchase_cents": result.purchase_cents,
    }


def thaw(data: Mapping[str, object]) -> "rav.Result":
    """The result that was frozen. Raises ValueError when the data were changed or come from elsewhere."""
    try:
        return _thaw(data)
    except (KeyError, TypeError, IndexError, ValueError, ZeroDivisionError) as error:
        raise ValueError("Ce résultat figé est illisible : il a été modifié ou vient d’ailleurs.") from error


def _thaw(data: Mapping[str, object]) -> "rav.Result":
    version = data["format"]
    if version not in READABLE:
        raise ValueError("unknown format")
    bareme = _section(data["bareme"])
    share = data["user_share"]
    return rav.Result(
        bareme_code=_text(bareme["code"]),
        bareme_version=date.fromisoformat(_text(bareme["version"])),
        bareme_title=_text(bareme["title"]),
        bareme_digest=_text(bareme["digest"]),
        organisation_label=_text(bareme["organisation_label"]),
        standing=Standing(_text(bareme["standing"])),
        on=date.fromisoformat(_text(data["on"])),
        per=Per(_text(bareme["per"])),
        every=Every(_text(bareme["every"])),
        base=Base(_text(bareme["base"])),
        unit_phrase=_text(bareme["unit_phrase"]),
        days=Fraction(_text(bareme["days"])),
        unit_count=Fraction(_text(data["unit_count"])),
        resources_cents=Fraction(_text(data["resources_cents"])),
        charges_cents=Fraction(_text(data["charges_cents"])),
        per_day_cents=Fraction(_text(data["per_day_cents"])),
        value_cents=Fraction(_text(data["value_cents"])),
        zone=ZoneKind(_text(data["zone"])),
        user_share=None if share is None else (Fraction(_text(_list(share)[0])), Fraction(_text(_list(share)[1]))),
        distances=tuple(_thaw_distance(_section(each)) for each in _list(data["distances"])),
        rounding_warning=_text(data["rounding_warning"]),
        lines=tuple(_thaw_line(_section(each)) for each in _list(data["lines"])),
        notices=tuple(_thaw_notice(_section(each)) for each in _list(data["notices"])),
        terms="" if version == 1 else _text(data["terms"]),
        purchase_cents=None if version == 1 else _cents(data["purchase_cents"]),
    )


def _thaw_distance(data: Mapping[str, object]) -> "rav.Distance":
    bound, inclusive = data["bound_cents"], data["inclusive"]
    if not isinstance(bound, int) or not isinstance(inclusive, bool):
        raise TypeError("bound")
    return rav.Distance(bound, inclusive, Fraction(_text(data["gap_cents"])), _text(data["says"]))


def _thaw_line(data: Mapping[str, object]) -> "rav.Explained":
    return rav.Explained(
        _text(data["id"]),
        LineKind(_text(data["kind"])),
        _text(data["label"]),
        rav.Outcome(_text(data["outcome"])),
        Fraction(_text(data["monthly_cents"])),
        Fraction(_text(data["counted_cents"])),
        _text(data["says"]),
        _text(data["source"]),
        _text(data.get("rule", "")),
    )


def _thaw_notice(data: Mapping[str, object]) -> "rav.Notice":
    ids = tuple(_text(each) for each in _list(data["line_ids"]))
    return rav.Notice(rav.NoticeCode(_text(data["code"])), ids, _text(data["says"]))


def _cents(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError("cents")
    return value


def _section(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("section")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
