"""What `coordination rav` does: a case, some barèmes, an answer. No database, no settings, nothing written."""

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from coordination.budgets.bareme import Bareme
from coordination.budgets.baremes import Baremes, NoBareme, load_baremes, read_scheme
from coordination.budgets.case import BadCase, Case, parse_json, read_case
from coordination.budgets.report import Answered, report, spoken
from coordination.budgets.result import Refusal, RefusalCode, Result
from coordination.budgets.rules import reste_a_vivre
from coordination.kit.clock import today
from coordination.kit.parameters import BadParameters, Dated

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
