"""What a person typed: read by pydantic, answered in French, and never lost."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData

from coordination.kit.text import day_in_figures

ROW = re.compile(r"([a-z_]+)-([0-9]{1,3})-([a-z_]+)")
DAY = re.compile(
    r"(?P<day>[0-9]{1,2})[/. -]+(?P<month>[0-9]{1,2})[/. -]+(?P<year>[0-9]{4}|[0-9]{2})"
    r"|(?P<y>[0-9]{4})[/.-](?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})"
)
UNREADABLE = re.compile("[\x00\ufffd\ud800-\udfff]")
# Soft hyphens, spaces without width, marks that turn the reading round: pasted with a name, they hide it from a search
# or show it backwards. The joiners that some alphabets write with stay.
UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
PASSWORDS = frozenset({"password", "again", "current"})
LONGEST_ROWS = 60

M = TypeVar("M", bound=BaseModel)


class Form(BaseModel):
    """The parent of every form: words are trimmed and keep nothing that nobody sees, unknown fields ignored."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _seen(cls, value: Any, field: ValidationInfo) -> Any:
        if isinstance(value, str) and not value.isascii() and field.field_name not in PASSWORDS:
            return UNSEEN.sub("", value)
        return value


def typed_day(typed: object) -> object:
    """A whole date, typed in French (21/11/2026, 21/11/26, 21 novembre 2026) or sent by a program (2026-11-21). Raises
    ValueError in French."""
    if not isinstance(typed, str):
        return typed
    shape = DAY.fullmatch(day_in_figures(typed).strip())
    if not typed.strip():
        raise ValueError("À remplir.")
    if shape is None:
        raise ValueError("Date illisible. Écrivez par exemple 21/11/2026.")
    day, month, year = shape.group("day", "month", "year") if shape["day"] else shape.group("d", "m", "y")
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError as impossible:
        raise ValueError("Cette date n’existe pas dans le calendrier.") from impossible


def blank_is_none(typed: object) -> object:
    """A choice left blank in a form is no choice."""
    return None if typed == "" else typed


class FormState:
    """What was typed and what is wrong with it: what the field macros show."""

    def __init__(self, typed: Mapping[str, list[str]] | None = None, errors: Mapping[str, str] | None = None) -> None:
        self._typed = dict(typed or {})
        self._errors = dict(errors or {})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "FormState":
        """A form already filled with what is stored."""
        return cls({name: _strings(value) for name, value in values.items()})

    def value(self, name: str, default: str = "") -> str:
        found = self._typed.get(name)
        return found[-1] if found else default

    def values(self, name: str) -> list[str]:
        return self._typed.get(name, [])

    def error(self, name: str) -> str | None:
        return self._errors.get(name)

    @property
    def typed(self) -> dict[str, list[str]]:
        """All that was typed, to show it again without its faults."""
        return self._typed

    @property
    def errors(self) -> list[tuple[str, str]]:
        return list(self._errors.items())

    def refuse(self, name: str, sentence: str) -> None:
        """Adds what only the situation could tell."""
        self._errors.setdefault(name, sentence)

    def set_beside(
        self, stored: "FormState", words: Mapping[str, Mapping[str, str]] | None = None, boxes: Iterable[str] = ()
    ) -> None:
        """After somebody else's change: each field that differs from what is stored says so, and sending again undoes
        nobody's work unseen. `words`: the labels of the choices of a field. `boxes`: those not sent when unticked."""
        for name in boxes:
            self._typed.setdefault(name, [])
        for name in stored.typed:
            if name in self._typed and name != "version" and _said(stored.values(name)) != _said(self.values(name)):
                labels = (words or {}).get(name, {})
                kept = ", ".join(labels.get(value, value) for value in stored.values(name))
                told = f"« {kept} »" if kept else "rien"
                self.refuse(name, f"Enregistré : {told}. Votre réponse le remplacera.")

    def without_errors(self) -> "FormState":
        """What was typed, before anybody is told what is wrong: the form is only being drawn again."""
        return FormState(self._typed)

    def with_value(self, name: str, value: str) -> "FormState":
        return FormState({**self._typed, name: [value]}, self._errors)

    def rows(self, prefix: str) -> list[int]:
        """The row numbers typed under `prefix-N-field`, in order."""
        found = {int(m.group(2)) for name in self._typed if (m := ROW.fullmatch(name)) and m.group(1) == prefix}
        return sorted(found)


def read(model: type[M], data: FormData, *, lists: Iterable[str] = ()) -> tuple[M | None, FormState]:
    """The form when it is good, else None; and what was typed with a French sentence by faulty field.

    Repeated rows are typed as `people-0-given_name`; a row left wholly blank is dropped. `lists` names the
    fields that may come several times (check boxes).
    """
    typed: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    for name, value in data.multi_items():
        if not isinstance(value, str):
            errors[name] = "Un fichier ne peut pas être envoyé ici."
        elif UNREADABLE.search(name + value):
            errors[name] = "Ce texte contient des caractères illisibles : retapez-le."
            typed.setdefault(name, []).append(UNREADABLE.sub("", value))
        else:
            typed.setdefault(name, []).append(value)
    if errors:
        return None, FormState(typed, errors)
    try:
        return model.model_validate(_nested(typed, set(lists))), FormState(typed)
    except ValidationError as refused:
        rows = _row_numbers(typed)
        for error in refused.errors():
            errors.setdefault(_field(error["loc"], rows), french(error))
        return None, FormState(typed, _as_on_the_page(errors, typed, model))


def _as_on_the_page(
    errors: Mapping[str, str], typed: Mapping[str, list[str]], model: type[BaseModel]
) -> dict[str, str]:
    """The faults from the top of the page to its foot: a browser sends the fields in their order. A choice that was not
    made is not sent: it stands after what was sent of its row, or before the field that follows it in the model."""
    places = {name: float(n) for n, name in enumerate(typed)}
    fields = list(model.model_fields)

    def place(name: str) -> float:
        if name in places:
            return places[name]
        row = ROW.fullmatch(name)
        if row:
            beside = [n for other, n in places.items() if other.startswith(f"{row.group(1)}-{row.group(2)}-")]
            return max(beside, default=len(places)) + 0.5
        later = fields[fields.index(name) + 1 :] if name in fields else []
        return next((places[other] - 0.5 for other in later if other in places), float(len(places)))

    return dict(sorted(errors.items(), key=lambda error: place(error[0])))


def _nested(typed: Mapping[str, list[str]], lists: set[str]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name, values in typed.items():
        if row := ROW.fullmatch(name):
            rows.setdefault(row.group(1), {}).setdefault(int(row.group(2)), {})[row.group(3)] = values[-1]
        else:
            whole[name] = values if name in lists else values[-1]
    for name, numbered in rows.items():
        whole[name] = [fields for _, fields in _kept(numbered)][:LONGEST_ROWS]
    return whole


def _kept(numbered: Mapping[int, dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Rows in order, without those in which nothing was typed (hidden ids and choices alone do not count)."""
    return [(n, fields) for n, fields in sorted(numbered.items()) if any(v.strip() for v in fields.values())]


def _row_numbers(typed: Mapping[str, list[str]]) -> dict[str, list[int]]:
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name, values in typed.items():
        if row := ROW.fullmatch(name):
            rows.setdefault(row.group(1), {}).setdefault(int(row.group(2)), {})[row.group(3)] = values[-1]
    return {name: [n for n, _ in _kept(numbered)] for name, numbered in rows.items()}


def _field(loc: tuple[int | str, ...], rows: Mapping[str, list[int]]) -> str:
    if len(loc) >= 3 and isinstance(loc[1], int):
        numbers = rows.get(str(loc[0]), [])
        number = numbers[loc[1]] if loc[1] < len(numbers) else loc[1]
        return f"{loc[0]}-{number}-{loc[2]}"
    if len(loc) == 2 and isinstance(loc[1], int):
        # Either one choice of a list of check boxes, or a rule over a whole row.
        whole_rows = rows.get(str(loc[0]))
        return str(loc[0]) if whole_rows is None else f"{loc[0]}-{whole_rows[loc[1]]}"
    return str(loc[0]) if loc else "form"


# By the first letters of pydantic's own name of the fault.
SENTENCES: tuple[tuple[str, str], ...] = (
    ("string_too_long", "Trop long : {max_length} caractères au plus."),
    ("string_too_short", "À remplir."),
    ("missing", "À remplir."),
    ("too_long", "Trop de lignes : {max_length} au plus."),
    ("too_short", "Choisissez au moins une réponse."),
    ("enum", "Choisissez une des réponses proposées."),
    ("literal_error", "Choisissez une des réponses proposées."),
    ("uuid", "Choix inconnu : rechargez la page et choisissez de nouveau."),
    ("date", "Date illisible. Écrivez par exemple 21/11/2026."),
    ("int", "Un nombre est attendu."),
    ("decimal", "Un nombre est attendu."),
    ("float", "Un nombre est attendu."),
    ("greater", "Ce nombre est hors des limites permises."),
    ("less", "Ce nombre est hors des limites permises."),
)


def french(error: ErrorDetails) -> str:
    """A clear French sentence for one fault found by pydantic."""
    context = {"max_length": LONGEST_ROWS, **error.get("ctx", {})}
    kind = error["type"]
    if kind == "value_error":
        return str(context.get("error", "Valeur refusée."))
    if kind in ("missing", "literal_error") and error["loc"][-1:] == ("confirm",):
        return "Cochez cette case pour continuer."
    if kind != "enum" and error.get("input") == "":
        return "À remplir."
    for start, sentence in SENTENCES:
        if kind.startswith(start):
            return sentence.format(**context)
    return "Cette réponse n’est pas comprise."


def _said(values: Iterable[str]) -> list[str]:
    return sorted(filter(None, values))


def _strings(value: Any) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, list | tuple | set | frozenset):
        return [str(item) for item in value]
    return [str(value)]
