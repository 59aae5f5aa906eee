"""What a person may send about a budget: a date, and rows of which the amount alone may be typed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from starlette.datastructures import FormData

from coordination.budgets.rules import CHARGES, RESOURCES, Line, LineKind, Origin, Period, Side
from coordination.kit.clock import today
from coordination.kit.forms import LONGEST_ROWS, ROW, Form, FormState, read, typed_day
from coordination.kit.money import euros, parse_cents
from coordination.kit.text import day_in_figures

USUAL: tuple[LineKind, ...] = (
    LineKind.RSA,
    LineKind.SALAIRE,
    LineKind.PRIME_ACTIVITE,
    LineKind.CHOMAGE,
    LineKind.RETRAITE,
    LineKind.ALLOCATIONS_FAMILIALES,
    LineKind.ASF,
    LineKind.PENSION_ALIMENTAIRE_RECUE,
    LineKind.APL,
    LineKind.AL,
    LineKind.LOYER,
    LineKind.CHARGES_LOGEMENT,
    LineKind.ENERGIE,
    LineKind.EAU,
    LineKind.TELEPHONE,
    LineKind.ASSURANCE_HABITATION,
    LineKind.MUTUELLE,
    LineKind.TRANSPORT,
    LineKind.ASSURANCE_AUTO,
    LineKind.CREDIT_CONSOMMATION,
    LineKind.CANTINE,
)
"""The rows already named on screen, where only the amount is typed: row `n` is `USUAL[n]`."""

FIRST_FREE = {Side.RESOURCE: 100, Side.CHARGE: 200}
"""The numbers of the rows whose kind is chosen."""
FREE_OFFERED = 2
OLDEST_YEAR = 2000
"""Budgets and months before it are typing errors."""

_MONTH = re.compile(r"(?:[0-9]{1,2}[/. -])?([0-9]{1,2})[/. -]([0-9]{4})")


def _amount(typed: object) -> object:
    """Cents; None when nothing was typed. Raises `BadAmount`, in French."""
    if not isinstance(typed, str):
        return typed
    if not typed.strip():
        return None
    cents = parse_cents(typed)
    if cents < 0:
        raise ValueError("Le montant est négatif : inscrivez-le sans signe moins, en ressource ou en charge.")
    return cents


def _day(typed: object) -> object:
    """A whole date; today when nothing was typed."""
    if not isinstance(typed, str):
        return typed
    if not typed.strip():
        return today()
    found = typed_day(typed)
    return _plausible(found) if isinstance(found, date) else found


def _month(typed: object) -> object:
    """The first day of a month; None when nothing was typed."""
    if not isinstance(typed, str):
        return typed
    if not typed.strip():
        return None
    found = _MONTH.fullmatch(day_in_figures(typed).strip())
    if found is None:
        raise ValueError("Mois illisible. Écrivez par exemple 11/2026.")
    if not 1 <= (month := int(found.group(1))) <= 12:
        raise ValueError("Cette date n’existe pas dans le calendrier.")
    return _plausible(date(int(found.group(2)), month, 1))


def _plausible(found: date) -> date:
    if not OLDEST_YEAR <= found.year <= today().year + 1:
        raise ValueError(f"L’année va de {OLDEST_YEAR} à {today().year + 1} : vérifiez-la.")
    return found


def _none_if_blank(typed: object) -> object:
    return None if isinstance(typed, str) and not typed.strip() else typed


def ticked(typed: object) -> object:
    """Whether a box of the form was ticked."""
    return typed == "oui" if isinstance(typed, str) else typed


class LineRow(Form):
    """One row; `amount` in cents for one period, None when the row was left blank. The kind decides the side."""

    amount: Annotated[int | None, BeforeValidator(_amount)] = None
    period: Period = Period.MONTHLY
    origin: Origin = Origin.DECLARED
    month: Annotated[date | None, BeforeValidator(_month)] = None
    label: Annotated[str, Field(max_length=80)] = ""
    kind: Annotated[LineKind | None, BeforeValidator(_none_if_blank), Field(validate_default=True)] = None
    landlord: Annotated[bool, BeforeValidator(ticked)] = False

    @field_validator("month", "label")
    @classmethod
    def _with_an_amount(cls, value: date | str | None, info: ValidationInfo) -> date | str | None:
        if value and info.data.get("amount", 0) is None:
            raise ValueError("Indiquez aussi le montant de cette ligne, ou effacez ce texte.")
        return value

    @field_validator("kind")
    @classmethod
    def _named(cls, kind: LineKind | None, info: ValidationInfo) -> LineKind | None:
        if kind is None and info.data.get("amount") is not None:
            raise ValueError("Choisissez de quelle ressource ou de quelle charge il s’agit.")
        return kind

    @field_validator("landlord")
    @classmethod
    def _housing_aid(cls, landlord: bool, info: ValidationInfo) -> bool:
        kind = info.data.get("kind")
        if landlord and kind is not None and not kind.is_housing_aid:
            raise ValueError("Seule une aide au logement peut être versée au bailleur.")
        return landlord


class BudgetForm(Form):
    """A budget as typed: its day of reference, its rows, the version they were typed over."""

    reference_date: Annotated[date, BeforeValidator(_day), Field(validate_default=True)] = Field(default_factory=today)
    lines: Annotated[list[LineRow], Field(max_length=LONGEST_ROWS, default_factory=list)]
    version: int

    def typed_lines(self) -> list[Line]:
        """The rows in which an amount was typed, in their order; their ids are their ranks."""
        kept = [row for row in self.lines if row.amount is not None]
        return [
            Line(
                id=str(rank),
                kind=row.kind or LineKind.AUTRE_RESSOURCE,
                amount_cents=row.amount or 0,
                period=row.period,
                origin=row.origin,
                month=row.month,
                paid_to_landlord=row.landlord,
                label=row.label,
            )
            for rank, row in enumerate(kept)
        ]


B = TypeVar("B", bound=BudgetForm)


def read_budget(data: FormData) -> tuple[BudgetForm | None, FormState]:
    """The budget typed, or None and its faults."""
    return read_lines(BudgetForm, data)


def read_lines(model: type[B], data: FormData) -> tuple[B | None, FormState]:
    """A form that holds a budget, or None and its faults; more rows than can be read is a fault, no silent loss."""
    asked, form = read(model, data)
    if len(form.rows("lines")) > LONGEST_ROWS:
        form.refuse("lines", f"Trop de lignes : {LONGEST_ROWS} au plus. Regroupez les plus petites.")
        return None, form
    return asked, form


class StartForm(Form):
    """Which earlier budget to start from, if any."""

    source: Annotated[UUID | None, BeforeValidator(_none_if_blank)] = None


class VersionForm(Form):
    """The version of the draft one has read."""

    version: int


# ------------------------------------------------------------------ on screen


@dataclass(frozen=True)
class Row:
    """One row to draw: its number, and its kind when it is already named."""

    number: int
    kind: LineKind | None

    @property
    def name(self) -> str:
        """The beginning of the names of its fields."""
        return f"lines-{self.number}"


def filled(lines: Iterable[Line], reference_date: date, version: int) -> FormState:
    """The form of what is stored: each line in the row already named for it, or in a free one."""
    values: dict[str, object] = {"reference_date": f"{reference_date:%d/%m/%Y}", "version": version}
    taken: set[int] = set()
    for line in lines:
        number = USUAL.index(line.kind) if line.kind in USUAL else FIRST_FREE[line.kind.side]
        if number in taken:
            number = FIRST_FREE[line.kind.side]
        while number in taken:
            number += 1
        taken.add(number)
        values |= {f"lines-{number}-{field}": value for field, value in _fields(line).items()}
    return FormState.of(values)


def _fields(line: Line) -> dict[str, str]:
    whole, cents = divmod(line.amount_cents, 100)
    return {
        "kind": line.kind.value,
        "amount": f"{whole},{cents:02d}" if cents else str(whole),
        "period": line.period.value,
        "origin": line.origin.value,
        "month": f"{line.month:%m/%Y}" if line.month else "",
        "label": line.label,
        "landlord": "oui" if line.paid_to_landlord else "",
    }


def set_lines_beside(form: FormState, sentence: str, asked: BudgetForm, stored: Iterable[Line], day: date) -> None:
    """After somebody else's change: each line that differs from what is stored says so on its row, and the stored ones
    that have no row beside the sentence of the refusal. Sending again undoes nobody's work unseen."""
    said: dict[str, str] = {}
    if asked.reference_date != day:
        said["reference_date"] = f"Enregistré : « {day:%d/%m/%Y} ». Votre réponse le remplacera."
    left = list(stored)
    rows = [(f"lines-{n}-amount", row) for n, row in zip(_typed_rows(form), asked.lines, strict=False)]
    amounts = [name for name, row in rows if row.amount is not None]
    for name, line in zip(amounts, asked.typed_lines(), strict=False):
        same = sorted((one for one in left if one.kind is line.kind), key=lambda one: _fields(one) != _fields(line))
        if not same:
            said[name] = "Pas encore enregistrée : cette ligne s’ajoutera."
            continue
        left.remove(same[0])
        if _fields(same[0]) != _fields(line):
            said[name] = f"Enregistré : « {_told(same[0])} ». Votre ligne le remplacera."
    blank = {row.kind: name for name, row in rows if row.kind and row.amount is None}
    gone = [one for one in left if one.kind not in blank]
    for one in left:
        if one.kind in blank:
            said[blank[one.kind]] = f"Enregistré : « {_told(one)} ». Laissée vide, cette ligne s’effacera."
    more = [f"{one.kind.label} ({_told(one)})" for one in gone]
    whole = f"{sentence} Enregistré aussi, et absent de votre saisie : {' ; '.join(more)}." if gone else sentence
    for name, words in {"lines": whole, **said}.items():
        form.refuse(name, words)


def _typed_rows(form: FormState) -> list[int]:
    """The rows in which something was typed, as `read` keeps them."""
    found = [(ROW.fullmatch(name), values[-1].strip()) for name, values in form.typed.items()]
    return sorted({int(row[2]) for row, typed in found if row and row[1] == "lines" and typed})


def _told(line: Line) -> str:
    """A stored line in words: `150 € par mois, déclaré, EDF`."""
    more = [f"{line.month:%m/%Y}" if line.month else "", line.label, "versée au bailleur" * line.paid_to_landlord]
    said = [f"{euros(line.amount_cents)} {line.period.phrase}", line.origin.label.lower(), *more]
    return ", ".join(filter(None, said))


def rows_shown(form: FormState, adding: Side | None = None) -> dict[Side, list[Row]]:
    """The rows to draw on each side: those already named, those typed, and some free ones."""
    typed = {number: form.value(f"lines-{number}-kind") for number in form.rows("lines")}
    shown: dict[Side, list[Row]] = {side: [] for side in Side}
    for number, kind in enumerate(USUAL):
        if typed.get(number, kind.value) == kind.value:
            shown[kind.side].append(Row(number, kind))
            typed.pop(number, None)
    for number, value in typed.items():
        shown[_side(number, value)].append(Row(number, None))
    for side, rows in shown.items():
        free = FREE_OFFERED - sum(row.kind is None for row in rows)
        free = max(free, 0) + (side is adding)
        start = max(FIRST_FREE[side], *(row.number + 1 for row in rows if row.kind is None), 0)
        rows.extend(Row(start + more, None) for more in range(free))
    return shown


def full(rows: dict[Side, list[Row]]) -> bool:
    """Whether no row can be added any more."""
    return sum(len(each) for each in rows.values()) >= LONGEST_ROWS


def _side(number: int, value: str) -> Side:
    if value in set(LineKind):
        return LineKind(value).side
    return Side.RESOURCE if number < FIRST_FREE[Side.CHARGE] else Side.CHARGE


@dataclass(frozen=True)
class NamedErrors:
    """The faults of a form for a summary, each saying which line it is about."""

    errors: list[tuple[str, str]]


def named_errors(form: FormState) -> NamedErrors:
    """The same faults, with the name of the line in front."""
    return NamedErrors([(name, f"{_about(form, name)}{says}") for name, says in form.errors])


def _about(form: FormState, name: str) -> str:
    row, _, _ = name.rpartition("-")
    if not row.startswith("lines-"):
        return ""
    value = form.value(f"{row}-kind")
    return f"{LineKind(value).label} : " if value in set(LineKind) else "Autre ligne : "


def kinds_offered(side: Side, *, sensitive: bool) -> list[tuple[str, str, str]]:
    """The kinds of a side to choose from, `(value, label, remark)`; those about health only to who may see them."""
    kinds = RESOURCES if side is Side.RESOURCE else CHARGES
    return [(k.value, k.label, "santé" if k.sensitive else "") for k in kinds if sensitive or not k.sensitive]
