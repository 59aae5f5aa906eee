"""What a person may send about a list, and what one of its rows may say."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from coordination.households.forms import NewFileForm, ProfileForm
from coordination.households.rules import Link, parse_birth
from coordination.imports.columns import COUNTS, ONE_CELL, Column
from coordination.imports.rules import (
    BY_LINK,
    CHILDREN,
    counts_noted,
    is_total,
    read_birth,
    read_childs_birth,
    read_commune,
    read_count,
    read_full_name,
    read_link,
    read_phone,
    without_title,
)
from coordination.kit.clock import today
from coordination.kit.forms import UNREADABLE, Form, french
from coordination.kit.text import fold

TOTAL = "C’est le total de la liste, et personne : laissez cette ligne de côté."
ILLEGIBLE = "Ce texte contient des caractères illisibles : retapez-le."


def _birth(typed: str) -> str:
    return str(parse_birth(read_birth(typed), today()))


def _legible(typed: object) -> object:
    if isinstance(typed, str) and UNREADABLE.search(typed):
        raise ValueError(ILLEGIBLE)
    return typed


Cell = BeforeValidator(_legible)
Words = Annotated[str, Field(max_length=120), Cell]
Count = Annotated[str, Field(max_length=20), AfterValidator(read_count), Cell]


class UploadForm(Form):
    """Beside the file: the sheet to read, when the list is not on the one we would choose."""

    sheet: Annotated[str, Field(max_length=120)] = ""


class ColumnsForm(Form):
    """What the columns mean (`means_0`, `means_1`…, read by the page), and the commune where the list says none."""

    commune: Annotated[str, Field(max_length=120)] = ""


class RowForm(Form):
    """One row: one person, and what it counts of her household. The limits are those of a file opened by hand."""

    household: Annotated[str, Field(max_length=60), Cell] = ""
    family_name: Annotated[str, Field(min_length=1, max_length=120), Cell]
    given_name: Words = ""
    birth: Annotated[str, Field(max_length=40), AfterValidator(_birth), Cell] = ""
    link: Annotated[Link | None, BeforeValidator(lambda typed: read_link(str(typed or ""))), Cell] = None
    commune: Annotated[str, Field(min_length=1, max_length=120), Cell]
    address: Annotated[str, Field(max_length=300), Cell] = ""
    phone: Annotated[str, Field(max_length=30), AfterValidator(read_phone), Cell] = ""
    email: Annotated[str, Field(max_length=200), Cell] = ""
    adults: Count = ""
    children: Count = ""
    people: Count = ""
    note: Annotated[str, Field(max_length=200)] = ""


class OtherForm(RowForm):
    """Another person of the same line: her family name may be the holder's, and she lives where the holder does."""

    family_name: Words = ""
    commune: Words = ""


class SetAsideForm(Form):
    """Every row to correct, or every likely duplicate, left out (or kept) at once."""

    which: Literal["faulty", "doubtful", "doubtful_kept"]


class ConfirmForm(Form):
    """What cannot be taken lightly is confirmed."""

    confirm: Literal["oui"]


def examined(said: Mapping[str, str], rank: int = 0) -> tuple[RowForm | None, dict[str, str], dict[str, str]]:
    """A row read: the person, or a French sentence by faulty field; and what the row says, names told apart."""
    values = {**dict.fromkeys(RowForm.model_fields, ""), **said}
    faults: dict[str, str] = {}
    _name(values, faults)
    values["commune"] = read_commune(values["commune"])
    if BY_LINK.get(fold(values["link"])) in CHILDREN:
        values["birth"] = read_childs_birth(values["birth"], today().year)
    if is_total(values) and not values["birth"]:
        faults["family_name"] = TOTAL
    row = None
    try:
        row = (OtherForm if rank else RowForm).model_validate(values)
        _contact(row)
    except ValidationError as refused:
        for error in refused.errors():
            faults.setdefault(str(error["loc"][0]), french(error))
    if row is None or faults:
        return None, faults, values
    told = row.model_dump(include={"birth", "phone", "adults", "children", "people"})
    return row, {}, {**values, **told, "link": row.link.value if row.link else ""}


def _name(values: dict[str, str], faults: dict[str, str]) -> None:
    """Both names in their own place, without a title; what cannot be told apart is left whole, with its fault."""
    order, whole = next(((name, said) for name in ONE_CELL if (said := values.pop(name, ""))), ("", ""))
    typed = values["family_name"] or whole
    try:
        if values["family_name"] or values["given_name"]:
            values["family_name"], values["given_name"] = without_title(typed), without_title(values["given_name"])
        elif whole:
            order = "" if order == Column.FULL_NAME else order
            values["family_name"], values["given_name"] = read_full_name(whole, order)
    except ValueError as unclear:
        values["family_name"], faults["family_name"] = typed, str(unclear)


def _contact(row: RowForm) -> None:
    """Address, phone and email as the file itself accepts them."""
    ProfileForm(commune=row.commune or "–", address=row.address, phone=row.phone, email=row.email, version=1)


def file_of(rows: list[RowForm]) -> tuple[NewFileForm, dict[str, str], dict[str, Any]]:
    """A household, its person of reference first: the file to open, how to reach it, and what else the list said."""
    head, *others = rows
    form = NewFileForm.model_validate(
        {
            **head.model_dump(include={"family_name", "given_name", "birth", "commune"}),
            "people": [
                {**row.model_dump(include={"family_name", "given_name", "birth"}), "link": row.link or Link.OTHER}
                for row in others
            ],
        }
    )
    contact = {
        name: next((v for row in rows if (v := getattr(row, name))), "") for name in ("address", "phone", "email")
    }
    noted = counts_noted([Link.REFERENCE, *(row.link for row in others)])
    told = {name.value: int(said) for name in COUNTS for row in rows if (said := getattr(row, name))}
    counts = {name: said for name, said in told.items() if said != noted[name]}
    notes = [f"{row.given_name or row.family_name} : {row.note}" for row in rows if row.note]
    return form, contact, {**counts, **({"notes": notes} if notes else {})}
