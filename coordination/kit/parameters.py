"""What the partners decided, read from dated YAML files: each value with its line, each error with what to write.

Values are read from the text of the file, never through a binary float: `8.00` is 800 cents and `365/12` is exact.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

import yaml

from coordination.kit.money import BadAmount, parse_cents

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_BYTES = 200_000
MAX_DEPTH = 12
_FRACTION = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?|[0-9]{1,9}/[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Problem:
    """One thing to mend: the file, its line (from 1), what is wrong there and what to write instead."""

    file: str
    line: int
    says: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}, ligne {self.line} : {self.says} {self.instead}".rstrip()


class BadParameters(ValueError):
    """Un fichier de paramètres est à corriger."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Entry:
    """One value of a parameters file (a text, a list or a section) that knows its file, its line and its name."""

    def __init__(self, node: yaml.Node, file: str, name: str = "") -> None:
        self.node = node
        self.file = file
        self.name = name
        self.line: int = node.start_mark.line + 1

    def refuse(self, says: str, instead: str = "") -> NoReturn:
        raise BadParameters([Problem(self.file, self.line, says, instead)])

    @property
    def is_section(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_null(self) -> bool:
        return self.node.tag == _NULL

    def pairs(self) -> Mapping[str, "Entry"]:
        """The fields of a section, in the order of the file."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"« {self.name} » doit être une section.", "Écrivez une ligne « clé : valeur » par champ.")
        fields: dict[str, Entry] = {}
        for key, value in self.node.value:
            name = Entry(key, self.file, self.name).text()
            entry = Entry(value, self.file, name)
            entry.line = key.start_mark.line + 1
            if name in fields:
                entry.refuse(f"« {name} » est écrit deux fois.", f"Gardez une seule ligne « {name} ».")
            fields[name] = entry
        return fields

    def items(self) -> tuple["Entry", ...]:
        """The entries of a list, which cannot be empty."""
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            self.refuse(
                f"« {self.name} » doit être une liste.", "Écrivez au moins une ligne qui commence par un tiret."
            )
        return tuple(
            Entry(value, self.file, f"{self.name}, élément {rank}") for rank, value in enumerate(self.node.value, 1)
        )

    def only(self, *names: str) -> None:
        """Refuse a field that is not one of these, and say which one was probably meant."""
        for name, entry in self.pairs().items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"Écrivez « {near[0]} »." if near else f"Les champs possibles sont : {', '.join(names)}."
                entry.refuse(f"le champ « {name} » n’existe pas ici.", hint)

    def maybe(self, name: str) -> "Entry | None":
        """The field, or None when it is absent or null."""
        entry = self.pairs().get(name)
        return None if entry is None or entry.is_null else entry

    def field(self, name: str, example: str = "") -> "Entry":
        """The field, which must be there and filled."""
        entry = self.maybe(name)
        if entry is None:
            self.refuse(
                f"le champ « {name} » manque.", f"Ajoutez par exemple « {name}: {example} »." if example else ""
            )
        return entry

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or self.is_null or not str(self.node.value).strip():
            self.refuse(f"« {self.name} » doit être un texte.", "Écrivez sa valeur sur la même ligne, après « : ».")
        return str(self.node.value).strip()

    def cents(self) -> int:
        """An amount in euros, as exact cents."""
        try:
            amount = parse_cents(self.text())
        except BadAmount as error:
            self.refuse(f"« {self.name} » n’est pas un montant.", str(error))
        return amount

    def fraction(self) -> Fraction:
        """An exact number, zero or more: "30", "0.5" or "365/12"."""
        text = self.text()
        if not _FRACTION.fullmatch(text) or re.fullmatch(r"[0-9]+/0+", text):
            self.refuse(f"« {self.name} : {text[:40]} » n’est pas un nombre.", "Écrivez par exemple 30, 0.5 ou 365/12.")
        return Fraction(text.replace(",", "."))

    def integer(self) -> int:
        number = self.fraction()
        if number.denominator != 1:
            self.refuse(f"« {self.name} » doit être un nombre entier.", "Écrivez par exemple 14.")
        return number.numerator

    def day(self) -> date:
        text = self.text()
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            self.refuse(f"« {self.name} : {text[:40]} » n’est pas une date.", "Écrivez par exemple 2026-01-31.")

    def choice(self, choices: type[E]) -> E:
        """The value, one of the words of a closed list."""
        return self._one_of(self.text(), f"{self.name} : ", choices)

    def key_choice(self, choices: type[E]) -> E:
        """The name of the field, one of the words of a closed list."""
        return self._one_of(self.name, "", choices)

    def _one_of(self, text: str, before: str, choices: type[E]) -> E:
        words = [member.value for member in choices]
        if text not in words:
            near = difflib.get_close_matches(text, words, n=1)
            hint = f"Écrivez « {near[0]} »." if near else f"Écrivez l’un de ces mots : {', '.join(words)}."
            self.refuse(f"« {before}{text[:40]} » n’est pas connu.", hint)
        return choices(text)

    def flag(self) -> bool:
        text = self.text()
        if text not in ("true", "false"):
            self.refuse(f"« {self.name} » attend oui ou non.", "Écrivez true (oui) ou false (non).")
        return text == "true"


def open_parameters(path: Path) -> Entry:
    """The root section of a YAML file. Raises `BadParameters`: unreadable, too big, broken, or using YAML's aliases."""
    file = f"{path.parent.name}/{path.name}"

    def refuse(line: int, says: str, instead: str) -> NoReturn:
        raise BadParameters([Problem(file, line, says, instead)])

    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError:
        refuse(1, "le fichier ne peut pas être lu.", "Vérifiez qu’il existe et que l’application y a accès.")
    except UnicodeDecodeError as error:
        refuse(raw.count(b"\n", 0, error.start) + 1, "le texte n’est pas en UTF-8.", "Enregistrez le fichier en UTF-8.")
    if len(raw) > MAX_BYTES:
        refuse(1, "le fichier est trop gros.", f"Restez sous {MAX_BYTES // 1000} ko.")
    try:
        _forbid_traps(text, refuse)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tab = "\\t" in (error.problem or "")
        instead = (
            "Remplacez la tabulation par des espaces."
            if tab
            else "Vérifiez l’alignement (par des espaces), le deux-points suivi d’une espace et les guillemets."
        )
        refuse(mark.line + 1 if mark else 1, "la syntaxe YAML est rompue ici.", instead)
    except yaml.reader.ReaderError as error:
        refuse(text.count("\n", 0, error.position) + 1, "un caractère interdit se trouve ici.", "Supprimez-le.")
    if not isinstance(node, yaml.MappingNode):
        refuse(1, "le fichier est vide ou n’est pas une section.", "Commencez par des lignes « clé : valeur ».")
    return Entry(node, file, path.stem)


def _forbid_traps(text: str, refuse: Callable[[int, str, str], NoReturn]) -> None:
    """Aliases (which can blow up), deep nesting and second documents have no use in a file that people read."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            refuse(line, "les renvois YAML (« * ») ne sont pas admis.", "Recopiez la valeur en toutes lettres.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            refuse(line, "trop de niveaux imbriqués.", f"Restez sous {MAX_DEPTH} niveaux.")
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            refuse(line, "le fichier contient plusieurs documents.", "Supprimez la ligne « --- » et ce qui la suit.")


@dataclass(frozen=True)
class Source:
    """Where a value comes from. Dates are as precise as known: "2018", "2026-11" or "2026-11-21"."""

    title: str
    date: str | None
    link: str | None
    checked_on: str | None

    @property
    def phrase(self) -> str:
        """ "Règlement intérieur, 31/01/2026": the title, and the date when the title does not tell it."""
        if not self.date or self.date in self.title:
            return self.title
        return f"{self.title}, {'/'.join(reversed(self.date.split('-')))}"


def read_source(entry: Entry) -> Source:
    """The `source` section; `link` and dates may be null when they are not known, the title never."""
    entry.only("title", "date", "link", "checked_on")
    link = entry.maybe("link")
    if link is not None and not link.text().startswith(("https://", "http://")):
        link.refuse("« link » n’est pas une adresse.", "Écrivez une adresse en https:// ou « link: null ».")
    return Source(
        entry.field("title", "Règlement intérieur de 2026").text(),
        _partial_date(entry.maybe("date")),
        link.text() if link else None,
        _partial_date(entry.maybe("checked_on")),
    )


def _partial_date(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    text = entry.text()
    try:
        if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
            raise ValueError
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        entry.refuse(f"« {entry.name} » n’est pas une date.", "Écrivez 2026-01-31, 2026-01, 2026 ou null.")
    return text


@dataclass(frozen=True)
class Dated(Generic[T]):
    """The versions of one thing, oldest first; each holds from its date until the next one's."""

    versions: tuple[tuple[date, T], ...]

    @property
    def first(self) -> date:
        return self.versions[0][0]

    def at(self, on: date) -> T | None:
        """The version in force that day; None before the first."""
        held = [value for start, value in self.versions if start <= on]
        return held[-1] if held else None

    def get(self, version: date) -> T | None:
        """The version that starts exactly that day."""
        return dict(self.versions).get(version)


def read_dated(entry: Entry, read: Callable[[Entry, date], T]) -> Dated[T]:
    """A list of versions, each with its `from` date, oldest first. Every faulty version is told, not only the first."""
    problems: list[Problem] = []
    versions: list[tuple[date, T]] = []
    previous: date | None = None
    for item in entry.items():
        try:
            start = item.field("from", "2026-01-01")
            if previous is not None and start.day() <= previous:
                start.refuse(
                    f"la version du {start.day()} vient après celle du {previous}.",
                    "Rangez les versions de la plus ancienne à la plus récente, une seule par date.",
                )
            previous = start.day()
            versions.append((previous, read(item, previous)))
        except BadParameters as error:
            problems.extend(error.problems)
    if problems:
        raise BadParameters(problems)
    return Dated(tuple(versions))
