"""What `coordination rav` and `check-policies` do: a case, some barèmes, an answer. No database, no settings."""

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from coordination.budgets import released
from coordination.budgets.bareme import Bareme
from coordination.budgets.baremes import Baremes, NoBareme, load_baremes, read_scheme
from coordination.budgets.case import BadCase, Case, parse_json, read_case
from coordination.budgets.report import Answered, report, spoken
from coordination.budgets.result import Refusal, RefusalCode, Result
from coordination.budgets.rules import reste_a_vivre
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
        answers = [_answer(dated, case) for dated in _wanted(wanted, case.on)]
    except (BadCase, BadParameters, NoBareme) as error:
        raise Unreadable(str(error)) from error
    answered = any(isinstance(answer, Result) for _, answer in answers)
    if as_json:
        return json.dumps(report(case, answers), ensure_ascii=False, indent=2), answered
    return spoken(case, answers), answered


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
    if not names:
        house = load_baremes(BAREMES)
        return [house.schemes[bareme.code] for bareme in house.all(on)]
    return [_scheme(name) for name in names]


def _scheme(name: str) -> Dated[Bareme]:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return read_scheme(Path(name))
    house: Baremes = load_baremes(BAREMES)
    if name not in house.schemes:
        known = ", ".join(sorted(house.schemes))
        raise NoBareme(
            f"Le barème « {name[:60]} » n’existe pas. Donnez un fichier .yaml, ou l’un de ceux-ci : {known}."
        )
    return house.schemes[name]


def _answer(dated: Dated[Bareme], case: Case) -> Answered:
    """Under the version in force that day; before the first one, the refusal that says when it begins."""
    bareme = dated.at(case.on)
    if bareme is None:
        first = dated.versions[0][1]
        says = f"Ce barème commence le {first.version:%d/%m/%Y} : il ne dit rien du {case.on:%d/%m/%Y}."
        return first, Refusal(RefusalCode.NOT_YET, says)
    return bareme, reste_a_vivre(bareme, case.composition, case.lines, case.on)


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
    return "\n".join([*said, f"{len(found.baremes.schemes)} barèmes, aucune faute."])


def _scheme_line(code: str, dated: Dated[Bareme]) -> str:
    days = ", ".join(f"{version:%d/%m/%Y}" for version, _ in dated.versions)
    return f"{code} : {dated.versions[-1][1].organisation_label} ({days})"


def _counted(problems: Sequence[Problem]) -> str:
    count = len(problems)
    return "\n".join([*map(str, problems), f"{count} faute{'s' if count > 1 else ''} à corriger."])
