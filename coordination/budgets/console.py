"""What `coordination rav` and `check-policies` do: a case, some barèmes, an answer. No database, no settings."""

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from coordination.budgets import released
from coordination.budgets.bareme import Bareme
from coordination.budgets.baremes import NoBareme, load_baremes, read_scheme
from coordination.budgets.case import BadCase, Case, parse_json, read_case
from coordination.budgets.report import answered, report, spoken
from coordination.budgets.result import Result
from coordination.budgets.schema import schema
from coordination.kit.clock import today
from coordination.kit.parameters import BadParameters, Dated, Problem

BAREMES = Path(__file__).resolve().parents[2] / "policies" / "baremes"


class Unreadable(ValueError):
    """The case, the day or a barème is to be corrected; its words say how."""


def rav(path: str, wanted: Sequence[str], on: str, *, as_json: bool) -> tuple[str, bool]:
    """The text to print, and whether one barème at least could answer. Raises `Unreadable`."""
    try:
        day = _day(on)
        case = read_case(parse_json(_text(path)), day or today())
        if day is not None:
            case = Case(case.composition, case.lines, day)
        answers = [answered(dated, case) for dated in _wanted(wanted, case.on)]
    except (BadCase, BadParameters, NoBareme) as error:
        raise Unreadable(str(error)) from error
    some = any(isinstance(answer, Result) for _, answer in answers)
    if as_json:
        return json.dumps(report(case, answers), ensure_ascii=False, indent=2), some
    return spoken(case, answers), some


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError:
        raise BadCase([("", f"Le fichier « {path} » ne peut pas être lu.")]) from None
    except UnicodeDecodeError:
        raise BadCase([("", f"Le fichier « {path} » n’est pas en UTF-8.")]) from None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCase([("--on", "cette date n’existe pas. Écrivez par exemple 2026-01-31.")]) from None


def _wanted(names: Sequence[str], on: date) -> list[Dated[Bareme]]:
    """The schemes named, by file or by code; by default every scheme of the house in force that day."""
    house = load_baremes(BAREMES)
    if not names:
        return house.chosen(None, on)
    files = (".yaml", ".yml")
    return [read_scheme(Path(n)) if n.endswith(files) or "/" in n else house.chosen([n], on)[0] for n in names]


# ------------------------------------------------------------------ check-policies


def policies(folder: str, *, release: bool) -> str:
    """What the folder holds, in words; with `release`, its new versions become released ones. Raises `Unreadable`."""
    place = Path(folder) if folder else BAREMES
    try:
        found = released.check(place)
    except BadParameters as error:
        raise Unreadable(_counted(error.problems)) from error
    if found.problems:
        raise Unreadable(_counted(found.problems))
    if release:
        released.release(place, found.fresh)
    said = [_scheme_line(code, dated) for code, dated in sorted(found.baremes.schemes.items())]
    for code, version in found.fresh:
        state = "publiée" if release else "pas encore publiée (ajoutez --release)"
        said.append(f"Nouvelle version, {state} : {code}, {version:%d/%m/%Y}")
    many = len(found.baremes.schemes)
    return "\n".join([*said, f"{many} barème{'s' if many > 1 else ''}, aucune faute."])


def _scheme_line(code: str, dated: Dated[Bareme]) -> str:
    days = ", ".join(f"{version:%d/%m/%Y}" for version, _ in dated.versions)
    return f"{code} : {dated.versions[-1][1].organisation_label} ({days})"


def _counted(problems: Sequence[Problem]) -> str:
    count = len(problems)
    return "\n".join([*map(str, problems), f"{count} faute{'s' if count > 1 else ''} à corriger."])


def bareme_schema() -> str:
    """The JSON Schema of a barème's file, as it ships."""
    return json.dumps(schema(), ensure_ascii=False, indent=2)
