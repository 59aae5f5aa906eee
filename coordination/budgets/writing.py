"""A barème written back as the YAML its readers know: to export a version that was tried out, or a whole scheme."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import yaml

from coordination.budgets.bareme import Bareme, Scale, Terms, Treatment, Weights, Zone
from coordination.kit.money import rounded

MOST_DECIMALS = 9


class _Plain(str):
    """A value that is written without quotes: a number, an amount, a date."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Plain values, and lists set in from their name."""

    def increase_indent(self, flow: bool = False, *_: bool, **__: bool) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, *_: Any) -> bool:
        return True


def _plain(dumper: yaml.SafeDumper, value: _Plain) -> yaml.ScalarNode:
    text = str(value)
    tag: str = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, text)


_Dumper.add_representer(_Plain, _plain)


def scheme_text(versions: Sequence[Bareme]) -> str:
    """A whole file: what does not change, then the versions, oldest first."""
    first = versions[0]
    root = {
        "code": first.code,
        "title": first.title,
        "organisation": first.organisation,
        "organisation_label": first.organisation_label,
        "standing": first.standing.value,
        **({"public": True} if first.public else {}),
        "versions": [_version(bareme) for bareme in sorted(versions, key=lambda each: each.version)],
    }
    return _text(root)


def version_text(bareme: Bareme) -> str:
    """One version, to paste at the end of the `versions` of its file."""
    text = _text({"versions": [_version(bareme)]})
    return text.partition("\n")[2]


def _text(root: dict[str, Any]) -> str:
    return yaml.dump(root, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)


def _version(bareme: Bareme) -> dict[str, Any]:
    source = bareme.source
    made: dict[str, Any] = {
        "from": _Plain(bareme.version.isoformat()),
        "source": {
            "title": source.title,
            "date": _Plain(source.date) if source.date else None,
            "link": source.link,
            "checked_on": _Plain(source.checked_on) if source.checked_on else None,
        },
        "days": _number(bareme.days),
        "every": bareme.every.value,
        "base": bareme.base.value,
        "per": bareme.per.value,
        "weights": _weights(bareme.weights),
        "unlisted": {
            "resources_count": bareme.unlisted_resources_count,
            "charges_count": bareme.unlisted_charges_count,
        },
        "landlord_aid": bareme.landlord_aid.value,
    }
    if bareme.treatments:
        made["lines"] = {kind.value: _treatment(rule) for kind, rule in bareme.treatments.items()}
    zones = [_zone(zone) for zone in bareme.zones]
    single = [_zone(zone) for zone in bareme.zones_single]
    made["zones"] = {"family": zones, "single": single} if single else zones
    terms = _terms(bareme.terms)
    return made | ({"terms": terms} if terms else {}) | ({"notes": list(bareme.notes)} if bareme.notes else {})


def _weights(weights: Weights) -> dict[str, Any]:
    made: dict[str, Any] = {name: _number(getattr(weights, name)) for name in ("first", "other", "child")}
    made["child_under"] = weights.child_under
    made |= {name: _number(getattr(weights, name)) for name in ("unborn", "single_parent")}
    if weights.shared_custody is not None:
        made["shared_custody"] = _number(weights.shared_custody)
    return made


def _treatment(rule: Treatment) -> dict[str, Any]:
    made: dict[str, Any] = {"ignored": True} if rule.ignored else {}
    if rule.share != 1:
        made["share"] = _number(rule.share)
    for name, scale in (("cap", rule.cap), ("flat", rule.flat), ("flat_unproved", rule.flat_unproved)):
        if scale is not None:
            made[name] = _scale(scale)
    if rule.always:
        made["always"] = True
    if rule.because:
        made["because"] = rule.because
    return made or {"share": 1}


def _scale(scale: Scale) -> Any:
    if not scale.varies:
        return _euros(scale.steps[0])
    made: dict[Any, Any] = {rank: _euros(cents) for rank, cents in enumerate(scale.steps, 1)}
    return made | ({"more": _euros(scale.more)} if scale.more else {})


def _zone(zone: Zone) -> dict[str, Any]:
    made: dict[str, Any] = {"zone": zone.kind.value}
    if zone.bound_cents is not None:
        made["up_to" if zone.inclusive else "below"] = _euros(zone.bound_cents)
    if zone.user_share is not None:
        low, high = (_number(part * 100) for part in zone.user_share)
        made["user_share"] = {"from": low, "to": high}
    return made


def _terms(terms: Terms) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if terms.duration is not None:
        low, high = terms.duration
        made["duration"] = low if low == high else {"from": low, "to": high}
    for name in ("renewals", "waiting", "longest"):
        if getattr(terms, name) is not None:
            made[name] = getattr(terms, name)
    if terms.purchase is not None:
        made["purchase_budget"] = _scale(terms.purchase)
    return made


def _number(value: Fraction) -> _Plain:
    """Decimals when they are exact, a fraction otherwise: "30", "0.5", "365/12"."""
    if (value * 10**MOST_DECIMALS).denominator != 1:
        return _Plain(f"{value.numerator}/{value.denominator}")
    text = format(rounded(value, MOST_DECIMALS), "f").rstrip("0").rstrip(".")
    return _Plain(text)


def _euros(cents: int) -> _Plain:
    return _Plain(format(rounded(Fraction(cents, 100), 2), "f"))
