"""What a person typed: read strictly, refused in French, and never lost."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from starlette.datastructures import FormData, UploadFile

from coordination.kit.forms import LONGEST_ROWS, Form, FormState, read, typed_day
from coordination.kit.text import fold


class Colour(StrEnum):
    """Anything one chooses."""

    RED = "red"
    BLUE = "blue"


class Line(Form):
    """A repeated row."""

    label: Annotated[str, Field(min_length=1, max_length=10)]
    amount: int = 0


class Sample(Form):
    """A form with a field of each kind."""

    name: Annotated[str, Field(min_length=1, max_length=10)]
    age: Annotated[int, Field(ge=0, le=120)] = 0
    day: date | None = None
    colour: Colour = Colour.RED
    size: Literal["s", "l"] = "s"
    key: UUID | None = None
    colours: Annotated[list[Colour], Field(default_factory=list, max_length=2)]
    lines: Annotated[list[Line], Field(default_factory=list)]


def tried(*pairs: tuple[str, str]) -> tuple[Sample | None, FormState]:
    return read(Sample, FormData([("name", "Roux"), *pairs]), lists=["colours"])


def test_a_good_form_is_read_and_trimmed() -> None:
    good, state = read(Sample, FormData([("name", "  Roux "), ("colours", "red"), ("colours", "blue"), ("autre", "x")]))
    assert good is None  # one value only, unless the field is named as a list
    good, state = tried(("colours", "red"), ("colours", "blue"), ("unknown", "x"))
    assert good is not None
    assert (good.name, good.colours) == ("Roux", [Colour.RED, Colour.BLUE])
    assert state.errors == []
    assert state.values("colours") == ["red", "blue"]


def test_what_a_colleague_stored_meanwhile_is_told_beside_what_was_typed() -> None:
    form = FormState({"name": ["Roux"], "colour": ["red"], "day": [""], "size": ["s"], "version": ["1"]})
    stored = FormState.of({"name": "Leroux", "colour": "blue", "day": "", "size": "s", "version": 2, "other": "x"})
    form.set_beside(stored, {"colour": {"blue": "Bleu"}})
    assert [name for name, _ in form.errors] == ["name", "colour"]
    assert form.value("name") == "Roux"
    assert form.error("colour") == "Enregistré : « Bleu ». Votre réponse le remplacera."
    form = FormState({"name": ["Roux"]})
    form.set_beside(FormState.of({"name": None}))
    assert "Enregistré : rien." in (form.error("name") or "")
    form = FormState({"days": ["tue", "mon"], "version": ["1"]})
    form.set_beside(FormState.of({"days": ["mon", "tue"], "ended": "oui", "open": ""}), None, ("ended", "open"))
    assert form.errors == [("ended", "Enregistré : « oui ». Votre réponse le remplacera.")]


class Ticked(Form):
    """A choice in the middle, rows, and a box to tick."""

    first: Annotated[str, Field(min_length=1)]
    lines: list[Line]
    colour: Colour
    last: Annotated[str, Field(min_length=1)]
    confirm: Literal["oui"]


def test_faults_are_told_in_the_order_of_the_page() -> None:
    sent = FormData([("last", ""), ("lines-0-amount", "x"), ("lines-0-label", ""), ("first", "")])
    _, state = read(Ticked, sent)
    assert [name for name, _ in state.errors] == [
        "colour",  # not sent: before the one that follows it in the model
        "last",
        "lines-0-amount",
        "lines-0-label",
        "first",
        "confirm",
    ]
    assert state.error("confirm") == "Cochez cette case pour continuer."


@pytest.mark.parametrize(
    "typed",
    [
        "1/5/2026",
        "01.05.26",
        " 1-5-2026 ",
        "2026-05-01",
        "1er mai 2026",
        "1 MAI 26",
        "01 / 05 / 2026",
        "1\u00a0mai\u00a02026",
    ],
)
def test_a_day_is_read_however_people_write_it(typed: str) -> None:
    assert typed_day(typed) == date(2026, 5, 1)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("31/02/2026", "n’existe pas"),
        ("31 févr. 2026", "n’existe pas"),
        ("12 jui 2026", "illisible"),
        ("5/2026", "illisible"),
        ("1/5/226", "illisible"),
        ("demain", "illisible"),
        (" ", "À remplir"),
        ("२/५/२०२६", "illisible"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_why(typed: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        typed_day(typed)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "À remplir."),
        ("name", "   ", "À remplir."),
        ("name", "é" * 10_000, "Trop long : 10 caractères au plus."),
        ("age", "vieux", "Un nombre est attendu."),
        ("age", "121", "Ce nombre est hors des limites permises."),
        ("age", "9" * 5000, "Un nombre est attendu."),
        ("day", "31/02/2026", "Date illisible. Écrivez par exemple 21/11/2026."),
        ("colour", "green", "Choisissez une des réponses proposées."),
        ("colour", "", "Choisissez une des réponses proposées."),
        ("size", "m", "Choisissez une des réponses proposées."),
        ("key", "abc", "Choix inconnu : rechargez la page et choisissez de nouveau."),
        ("name", "Ro\x00ux", "Ce texte contient des caractères illisibles : retapez-le."),
        ("name", "Ro\ufffdux", "Ce texte contient des caractères illisibles : retapez-le."),
    ],
)
def test_each_fault_has_its_french_sentence_and_what_was_typed_stays(field: str, typed: str, sentence: str) -> None:
    wrong, state = tried((field, typed))
    assert wrong is None
    assert state.error(field) == sentence
    assert state.value(field) == typed.replace("\x00", "").replace("\ufffd", "")


def test_a_missing_field_is_to_be_filled() -> None:
    wrong, state = read(Sample, FormData([]))
    assert wrong is None
    assert state.errors == [("name", "À remplir.")]


def test_too_many_choices_and_unknown_ones_fall_on_the_field() -> None:
    assert tried(*[("colours", "red")] * 3)[1].error("colours") == "Trop de lignes : 2 au plus."
    assert tried(("colours", "green"))[1].error("colours") == "Choisissez une des réponses proposées."


def test_rows_are_read_in_order_and_blank_ones_dropped() -> None:
    good, state = tried(
        ("lines-7-label", "b"),
        ("lines-2-label", "a"),
        ("lines-3-label", " "),
        ("lines-3-amount", ""),
        ("lines-7-amount", "5"),
    )
    assert good is not None
    assert [(line.label, line.amount) for line in good.lines] == [("a", 0), ("b", 5)]
    assert state.rows("lines") == [2, 3, 7]


def test_a_fault_in_a_row_falls_on_the_row_that_was_typed() -> None:
    wrong, state = tried(("lines-3-label", " "), ("lines-7-label", "b"), ("lines-7-amount", "x"))
    assert wrong is None
    assert state.errors == [("lines-7-amount", "Un nombre est attendu.")]
    assert state.value("lines-7-label") == "b"


def test_there_are_never_more_rows_than_the_limit() -> None:
    good, _ = tried(*[(f"lines-{n}-label", "x") for n in range(LONGEST_ROWS + 5)])
    assert good is not None
    assert len(good.lines) == LONGEST_ROWS


def test_a_file_is_refused() -> None:
    wrong, state = read(Sample, FormData([("name", UploadFile(file=None))]))  # type: ignore[arg-type]
    assert wrong is None
    assert state.error("name") == "Un fichier ne peut pas être envoyé ici."


def test_a_stored_row_fills_the_form() -> None:
    state = FormState.of({"name": "Roux", "colours": [Colour.RED], "day": None, "age": 4})
    assert (state.value("name"), state.values("colours"), state.value("day"), state.value("age")) == (
        "Roux",
        ["red"],
        "",
        "4",
    )
    assert state.value("autre", "défaut") == "défaut"
    assert state.with_value("name", "Blanc").value("name") == "Blanc"


def test_what_only_the_situation_tells_does_not_hide_the_first_fault() -> None:
    state = FormState({}, {"name": "Trop long."})
    state.refuse("name", "Déjà pris.")
    state.refuse("age", "Impossible.")
    assert state.errors == [("name", "Trop long."), ("age", "Impossible.")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*Sample.model_fields, "lines-0-label", "lines-999-amount"]) | st.text(max_size=12),
            st.text(max_size=30),
        ),
        max_size=12,
    )
)
def test_whatever_is_sent_gets_a_form_or_sentences(pairs: list[tuple[str, str]]) -> None:
    good, state = read(Sample, FormData([*pairs]), lists=["colours"])
    assert (good is None) == bool(state.errors)
    for _, sentence in state.errors:
        assert sentence.endswith(".")
        assert sentence[0].isupper()


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u200e", "\u202e", "\u2060", "\u2066", "\ufeff"])
def test_what_nobody_sees_is_no_part_of_a_word(unseen: str) -> None:
    """Pasted from a letter or sent to deceive: a name would not be found, or be read backwards."""
    good, _ = read(Sample, FormData([("name", f"{unseen}Ro{unseen}ux")]))
    assert good is not None
    assert good.name == "Roux"
    assert fold(f"{unseen}Ro{unseen}ux") == "roux"
    nothing, state = read(Sample, FormData([("name", unseen)]))
    assert (nothing, state.error("name")) == (None, "À remplir.")
