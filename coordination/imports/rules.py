"""What the cells of a list may say, where an import is, and how text is made safe for a spreadsheet. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from coordination.households.rules import Labelled, Link
from coordination.imports.columns import Column
from coordination.kit.text import counted, fold, phone_number, place_name

LARGEST_FILE = 8_000_000
MOST_ROWS = 60_000
MOST_COLUMNS = 80
MOST_IMPORTED = 2_000
"""People one import takes at most: they are written in one transaction, and somebody waits for its end."""
MOST_PEOPLE = 21
"""In one household: the person of reference and twenty others, as when a file is opened by hand."""
KEPT_DAYS = 7
FIRST_SERIAL = date(1899, 12, 30)
DANGEROUS = "=+-@\t\r"


NOTHING = "sans aucun aucune neant non nc nsp na inconnu inconnue x xx"
BLANKS = {*NOTHING.split(), "pas de tel", "pas de telephone", "pas de mail"}
"""Folded words written in a cell to say that there is nothing."""
CIVILITY = r"(?:m|mr|mme|mlle|melle|monsieur|madame|mademoiselle)\b\.?"


COUNT_WORDS = {"adults": "adulte", "children": "enfant", "people": "personne"}


class Stage(Labelled):
    """Where an import is."""

    COLUMNS = "columns"
    CHECKING = "checking"
    READY = "ready"
    DONE = "done"
    UNDONE = "undone"

    @property
    def label(self) -> str:
        return STAGE_LABELS[self.value]

    @property
    def prepared(self) -> bool:
        """Whether the list is still held, and nothing was made of it yet."""
        return self in (Stage.COLUMNS, Stage.CHECKING, Stage.READY)


STAGE_LABELS = {
    "columns": "Colonnes à choisir",
    "checking": "Vérification en cours",
    "ready": "Vérifiée, rien n’est encore créé",
    "done": "Importée",
    "undone": "Annulée",
}


class RowState(Labelled):
    """What was found of one row; the last two are said by the worker."""

    NEW = "new"
    GOOD = "good"
    FAULTY = "faulty"
    DOUBTFUL = "doubtful"
    KEPT = "kept"
    OUT = "out"

    @property
    def label(self) -> str:
        return ROW_LABELS[self.value]


ROW_LABELS = {
    "new": "À vérifier",
    "good": "Prête",
    "faulty": "À corriger",
    "doubtful": "Peut-être déjà connue",
    "kept": "Gardée malgré la ressemblance",
    "out": "Laissée de côté",
}
IMPORTED = (RowState.GOOD, RowState.KEPT)
WAITING = (RowState.FAULTY, RowState.DOUBTFUL)

LINKS: dict[Link, str] = {
    Link.REFERENCE: "reference|personne de reference|referent|referente|demandeur|demandeuse|titulaire|chef de famille|"
    "allocataire|beneficiaire|moi|principal|declarant|declarante",
    Link.PARTNER: "conjoint|conjointe|conjoint e|epoux|epouse|mari|femme|compagnon|compagne|concubin|"
    "concubine|partenaire|pacs",
    Link.CHILD: "enfant|fils|fille|bebe|nourrisson|fils fille|enfant a charge",
    Link.SHARED_CHILD: "garde alternee|enfant en garde alternee|enfant garde alternee|residence alternee",
    Link.PARENT: "parent|pere|mere|beau pere|belle mere",
    Link.RELATIVE: "famille|frere|soeur|grand pere|grand mere|oncle|tante|neveu|niece|cousin|cousine|"
    "petit fils|petite fille|autre membre de la famille|ascendant",
    Link.OTHER: "autre|autre personne|ami|amie|heberge|hebergee|colocataire|hebergeant|tiers",
}
CHILDREN = (Link.CHILD, Link.SHARED_CHILD)
BY_LINK = {fold(said): link for link in Link for said in (link.label, link.value, *LINKS[link].split("|"))}
"""By its folded words: those people write, its label, and what is stored of it, which is read again at each step."""


# ------------------------------------------------------------------ what a cell says


def plain(cell: str) -> str:
    """A cell as it is kept: its lines, nothing invisible; what cannot be read is marked, and refused with its row."""
    kept = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in cell.replace("\ufeff", ""))
    lines = (" ".join(line.split()) for line in unescaped(kept).replace("\r\n", "\n").split("\n"))
    return "\n".join(line for line in lines if line)


def read_birth(typed: str) -> str:
    """A birth date as a spreadsheet gives it, in the words of a form. Raises ValueError with a French sentence."""
    words = re.sub(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9.]+)?$", "", typed.strip())
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", words):  # a date that lost its format: days since the end of 1899
        return f"{FIRST_SERIAL + timedelta(days=int(words[:5])):%d/%m/%Y}"
    if fold(words) in BLANKS:
        return ""
    if re.fullmatch(r"[0-9]{1,2}[/. -][0-9]{2}|[0-9]{2}", words):
        raise ValueError("L’année a deux chiffres : écrivez-la en entier, par exemple 1990.")
    return words


def read_childs_birth(typed: str, year: int) -> str:
    """A child's birth date whose year has two figures: nobody is a child for a hundred years."""
    short = re.fullmatch(r"([0-9]{1,2}[/. -](?:[0-9]{1,2}[/. -])?)([0-9]{2})", typed.strip())
    return f"{short.group(1)}{year // 100}{short.group(2)}" if short and int(short.group(2)) <= year % 100 else typed


def read_count(typed: str) -> str:
    """How many people a cell says, in figures. Raises ValueError in French."""
    found = re.fullmatch(r"([0-9]{1,2})(?:[.,]0+)?(?: (?:enf|pers|adulte)[a-z]*\.?)?", typed.strip().lower())
    if found is None and fold(typed) not in BLANKS | {""}:
        raise ValueError("Écrivez un nombre, par exemple 3.")
    return str(int(found.group(1))) if found else ""


def read_phone(typed: str) -> str:
    """A phone number whose first 0 the spreadsheet took away gets it back. Raises ValueError when there are two."""
    if fold(typed) in BLANKS:
        return ""
    if len([part for part in re.split(r"[/;,]|\bou\b|\bet\b", typed) if sum(map(str.isdigit, part)) > 7]) > 1:
        raise ValueError("Deux numéros dans la même case : n’en gardez qu’un.")
    return phone_number(f"0{typed}" if re.fullmatch("[1-9][0-9]{8}", typed) else typed)


def read_link(typed: str) -> Link | None:
    """The link a word says; None for no word. Raises ValueError with a French sentence."""
    words = fold(typed)
    if not words:
        return None
    if words in BY_LINK:
        return BY_LINK[words]
    raise ValueError("Lien inconnu. Écrivez par exemple : conjoint, enfant, garde alternée, parent, autre.")


def without_title(typed: str) -> str:
    """A name without its « M. » or « Mme ». Raises ValueError when the cell says more than one name, in French."""
    bare = re.sub(rf"^{CIVILITY}\s+(?=\S)", "", typed.strip(), flags=re.IGNORECASE)
    if re.search(rf"\s(?:et|&|\+)\s|^{CIVILITY}\s*(?:et|ou|&|/|\+)\s*{CIVILITY}", typed.strip(), re.IGNORECASE):
        raise ValueError(
            "Deux personnes sur la même ligne : gardez-en une ici, vous ajouterez l’autre à son dossier après l’import."
        )
    if re.search(r"\w\s*/\s*\w", bare):
        raise ValueError(
            "Deux noms sur la même ligne : gardez-en un ici ; une autre personne s’ajoute à son dossier après l’import."
        )
    if "(" in bare or ")" in bare:
        raise ValueError("Retirez ce qui est entre parenthèses : seul le nom est gardé.")
    return bare


def read_full_name(typed: str, order: str = "") -> tuple[str, str]:
    """`MARTIN Sophie` or `Sophie MARTIN`: family name, given name. Raises ValueError when nothing tells them apart.

    `order`: the column that says which of two words comes first, when capitals do not.
    """
    words = without_title(typed).split()
    high = [word for word in words if len(word) > 1 and word == word.upper()]
    low = [word for word in words if word not in high]
    if len(words) <= 1 or (high and low and words in (high + low, low + high)):
        return " ".join(high or low), " ".join(low) if high else ""
    if order and len(words) == 2:
        return (words[0], words[1]) if order == Column.FAMILY_FIRST else (words[1], words[0])
    raise ValueError(
        "Nom et prénom ne se distinguent pas : écrivez le nom en MAJUSCULES, puis le prénom"
        + (", ou dites leur ordre dans « Colonnes »." if not order else ".")
    )


def read_commune(typed: str) -> str:
    """A commune without the postal code that stands beside it, written as one writes it."""
    return place_name(re.sub(r"^\(?[0-9]{5}\)?[\s,-]+(?=\D)|(?<=\D)[\s,-]+\(?[0-9]{5}\)?$", "", typed.strip()))


def is_total(said: Mapping[str, str]) -> bool:
    """Whether a row is the sum at the foot of a list, and nobody."""
    named = fold(f"{said.get('family_name', '')} {said.get('given_name', '')}")
    return bool(re.fullmatch(r"(sous )?(total|totaux)( general| generaux)?|nombre de \w+|moyennes?", named))


def counts_noted(links: Iterable[Link | None]) -> dict[str, int]:
    """How many children, adults and people a household has by their links: what a list counts."""
    known = list(links)
    children = sum(1 for link in known if link in CHILDREN)
    return {"children": children, "adults": len(known) - children, "people": len(known)}


def to_complete(said: Mapping[str, Any], links: Iterable[Link | None]) -> list[str]:
    """What a list said of a household and its file does not hold, in words; `links`: of those the file has today."""
    noted = counts_noted(links)
    counts = [
        f"{counted((said[name], word)) or f'aucun {word}'} : {noted[name] or 'aucun'} dans ce dossier"
        for name, word in COUNT_WORDS.items()
        if name in said and said[name] != noted[name]
    ]
    return [*counts, *said.get("notes", [])]


def name_key(family_name: str, given_name: str) -> str:
    """Under which two rows are the same name, whatever the order of the words; nothing without both names."""
    if not fold(family_name) or not fold(given_name):
        return ""
    return " ".join(sorted(fold(f"{family_name} {given_name}").split()))


# ------------------------------------------------------------------ what is handed back


def escaped(cell: str) -> str:
    """A cell no spreadsheet takes for a formula: a quote before whatever begins like one."""
    return f"'{cell}" if cell.lstrip("'")[:1] in tuple(DANGEROUS) and cell.lstrip("'") else cell


def unescaped(cell: str) -> str:
    """A cell handed back and sent again: without the quote we put before it."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in tuple(DANGEROUS) and cell.lstrip("'") else cell


def csv_line(cells: Iterable[str]) -> str:
    """One line for a French spreadsheet: semicolons, every cell quoted and escaped."""
    return ";".join('"' + escaped(cell).replace('"', '""') + '"' for cell in cells) + "\r\n"


class Linked(Protocol):
    """What a row must tell to be gathered: the link it says, if any."""

    @property
    def link(self) -> Link | None: ...


R = TypeVar("R", bound=Linked)


def household_key(number: int, household: str) -> str:
    """Under which rows are one household: its number in the list, else the line they stand on."""
    return fold(household) or f"#{number}"


def households_of(rows: Iterable[tuple[str, R]]) -> list[list[R]]:
    """Rows gathered into households, `(key of the household, row)`.

    The person of reference comes first: the one whose link says so, else the first row.
    """
    groups: dict[str, list[R]] = {}
    for key, row in rows:
        groups.setdefault(key, []).append(row)
    return [sorted(group, key=lambda row: row.link is not Link.REFERENCE) for group in groups.values()]
