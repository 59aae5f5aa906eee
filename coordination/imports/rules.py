"""What a column means, what its cells may say, and how text is made safe for a spreadsheet. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol, TypeVar

from coordination.households.rules import Labelled, Link
from coordination.kit.text import fold, phone_number, place_name

LARGEST_FILE = 8_000_000
MOST_ROWS = 60_000
MOST_COLUMNS = 60
MOST_IMPORTED = 2_000
"""Rows one import takes at most: they are written in one transaction, at whose end the journal of the network waits."""
MOST_PEOPLE = 21
"""In one household: the person of reference and twenty others, as when a file is opened by hand."""
KEPT_DAYS = 7
FIRST_SERIAL = date(1899, 12, 30)
DANGEROUS = "=+-@\t\r"


class Column(Labelled):
    """What a column of the list holds."""

    HOUSEHOLD = "household"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    FULL_NAME = "full_name"
    FAMILY_FIRST = "family_first"
    GIVEN_FIRST = "given_first"
    BIRTH = "birth"
    LINK = "link"
    COMMUNE = "commune"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"

    @property
    def label(self) -> str:
        return COLUMN_LABELS[self.value]


COLUMN_LABELS = {
    "household": "Numéro de foyer",
    "family_name": "Nom",
    "given_name": "Prénom",
    "full_name": "Nom et prénom dans la même case",
    "family_first": "Nom puis prénom, toujours dans cet ordre",
    "given_first": "Prénom puis nom, toujours dans cet ordre",
    "birth": "Date de naissance",
    "link": "Lien dans le foyer",
    "commune": "Commune",
    "address": "Adresse",
    "phone": "Téléphone",
    "email": "Courriel",
}


ONE_CELL = (Column.FULL_NAME, Column.FAMILY_FIRST, Column.GIVEN_FIRST)
"""The columns that hold both names."""
NOTHING = "sans aucun aucune neant non nc nsp na inconnu inconnue x xx"
BLANKS = {*NOTHING.split(), "pas de tel", "pas de telephone", "pas de mail"}
"""Folded words written in a cell to say that there is nothing."""
CIVILITY = r"(?:m|mr|mme|mlle|melle|monsieur|madame|mademoiselle)\b\.?"


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

# Folded titles people write; a title that only begins with one is proposed too, the longest first.
TITLES: dict[Column, str] = {
    Column.HOUSEHOLD: "foyer|n foyer|no foyer|numero foyer|numero de foyer|numero du foyer|n de foyer|n du foyer|"
    "id foyer|code foyer|menage|famille|n famille|numero famille|numero de famille|dossier|n dossier|numero dossier|"
    "numero de dossier",
    Column.FAMILY_NAME: "nom|noms|nom de famille|nom d usage|nom usuel|nom patronymique|nom du beneficiaire",
    Column.GIVEN_NAME: "prenom|prenoms|prenom usuel|prenom s",
    Column.FULL_NAME: "nom prenom|nom et prenom|nom prenoms|noms prenoms|noms et prenoms|nom complet|"
    "beneficiaire|personne",
    Column.BIRTH: "date de naissance|naissance|date naissance|ne le|nee le|ne e le|date de naiss|date naiss|ddn|dob|"
    "annee de naissance",
    Column.LINK: "lien|lien de parente|lien familial|parente|qualite|role|lien dans le foyer|statut dans le foyer",
    Column.COMMUNE: "commune|ville|localite|commune de residence|cp ville|cp et ville|code postal ville|"
    "code postal et ville|cp commune|cp et commune|code postal commune|ville et code postal",
    Column.ADDRESS: "adresse|adresse postale|adresse complete|rue|voie|domicile",
    Column.PHONE: "telephone|tel|tel portable|portable|telephone portable|mobile|gsm|"
    "n de telephone|numero de telephone",
    Column.EMAIL: "courriel|email|e mail|mail|mel|adresse mail|adresse email|adresse e mail|adresse electronique",
}
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
BY_TITLE = {title: column for column, titles in TITLES.items() for title in titles.split("|")}
BY_LINK = {word: link for link, words in LINKS.items() for word in words.split("|")}


def meaning(title: str) -> Column | None:
    """What a column's title seems to say."""
    words = fold(title)
    if words in BY_TITLE:
        return BY_TITLE[words]
    starts = [known for known in BY_TITLE if " " in known and words.startswith(known + " ")]
    return BY_TITLE[max(starts, key=len)] if starts else None


def proposed(titles: Sequence[str]) -> list[str]:
    """A meaning for each column, each meaning once; empty for those that say nothing we know."""
    found: list[str] = []
    for title in titles:
        seen = meaning(title)
        found.append(seen.value if seen and seen.value not in found else "")
    return found


def title_row(rows: Sequence[tuple[int, list[str]]], within: int = 12) -> int:
    """The index of the row of titles: the first that names two columns we know, else the first with two cells."""
    early = list(enumerate(rows[:within]))
    for index, (_, cells) in early:
        if sum(1 for said in proposed(cells) if said) >= 2:
            return index
    return next((index for index, (_, cells) in early if sum(1 for cell in cells if cell) >= 2), 0)


def numbered(titles: Sequence[str]) -> list[str]:
    """Titles one can tell apart: an empty one, or one that comes twice, says which column it is."""
    return [
        title
        if title and [fold(other) for other in titles].count(fold(title)) == 1
        else f"{title} (colonne {letters(n)})"
        if title
        else f"Colonne {letters(n)}"
        for n, title in enumerate(titles)
    ]


def letters(index: int) -> str:
    """`A` for 0, `Z` for 25, `AA` for 26: as the spreadsheet shows it."""
    return ("" if index < 26 else letters(index // 26 - 1)) + chr(ord("A") + index % 26)


# ------------------------------------------------------------------ what a cell says


def plain(cell: str) -> str:
    """A cell as it is kept: one line, nothing invisible; what cannot be read is marked, and refused with its row."""
    kept = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in cell.replace("\ufeff", ""))
    return " ".join(unescaped(kept).split())


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
    known = {fold(link.label): link for link in Link} | {link.value: link for link in Link}
    if words in known:
        return known[words]
    raise ValueError("Lien inconnu. Écrivez par exemple : conjoint, enfant, garde alternée, parent, autre.")


def without_title(typed: str) -> str:
    """A name without its « M. » or « Mme ». Raises ValueError when the cell says more than one name, in French."""
    bare = re.sub(rf"^{CIVILITY}\s+(?=\S)", "", typed.strip(), flags=re.IGNORECASE)
    if re.search(rf"\s(?:et|&|\+)\s|^{CIVILITY}\s*(?:et|ou|&|/|\+)\s*{CIVILITY}", typed.strip(), re.IGNORECASE):
        raise ValueError(
            "Deux personnes sur la même ligne : gardez-en une ici, vous ajouterez l’autre à son dossier après l’import."
        )
    if "(" in bare or ")" in bare:
        raise ValueError("Retirez ce qui est entre parenthèses : seul le nom est gardé.")
    return bare


def read_full_name(typed: str, order: str = "") -> tuple[str, str]:
    """`MARTIN Sophie` or `Sophie MARTIN`: family name, given name. Raises ValueError when nothing tells them apart.

    `order`: the column that says which of two words comes first, when capitals do not.
    """
    typed = without_title(typed)
    if re.search(r"\w\s*/\s*\w", typed):
        raise ValueError(
            "Deux noms sur la même ligne : gardez-en un ici ; une autre personne s’ajoute à son dossier après l’import."
        )
    words = typed.split()
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


def values_of(cells: Sequence[str], columns: Sequence[str], commune: str) -> dict[str, str]:
    """What one row says, by the name of its field."""
    said = {name: cells[n] if n < len(cells) else "" for n, name in enumerate(columns) if name}
    if not said.get(Column.COMMUNE):
        said[Column.COMMUNE.value] = commune
    return {str(name): value for name, value in said.items()}


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


def households_of(rows: Iterable[tuple[str, R]]) -> list[list[R]]:
    """Rows gathered into households, `(number of the household, row)`; a row without a number is one of its own.

    The person of reference comes first: the one whose link says so, else the first row.
    """
    groups: dict[str, list[R]] = {}
    alone = 0
    for key, row in rows:
        alone += not key
        groups.setdefault(key or f"\x00{alone}", []).append(row)
    return [sorted(group, key=lambda row: row.link is not Link.REFERENCE) for group in groups.values()]
