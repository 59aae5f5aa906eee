"""What the columns of a list hold, and of whom: proposed from their titles. Pure.

Most lists have a line per person; many have a line per household, with columns for a spouse and for each child. What a
column means is then written with whom it is about: `birth`, `partner.birth`, `child2.birth`.
"""

import re
from collections.abc import Sequence

from coordination.households.rules import Labelled
from coordination.kit.text import fold, lower_first

MOST_CHILDREN = 12


class Column(Labelled):
    """What a column of the list holds."""

    HOUSEHOLD = "household"
    FAMILY_NAME = "family_name"
    GIVEN_NAME = "given_name"
    FULL_NAME = "full_name"
    FAMILY_FIRST = "family_first"
    GIVEN_FIRST = "given_first"
    BIRTH = "birth"
    AGE = "age"
    LINK = "link"
    COMMUNE = "commune"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    KIDS = "kids"
    ADULTS = "adults"
    CHILDREN = "children"
    PEOPLE = "people"

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
    "age": "Âge",
    "link": "Lien dans le foyer",
    "commune": "Commune",
    "address": "Adresse",
    "phone": "Téléphone",
    "email": "Courriel",
    "kids": "Prénoms des enfants, tous dans la même case",
    "adults": "Nombre d’adultes",
    "children": "Nombre d’enfants",
    "people": "Nombre de personnes",
}
ONE_CELL = (Column.FULL_NAME, Column.FAMILY_FIRST, Column.GIVEN_FIRST)
"""The columns that hold both names."""
OF_OTHERS = {
    Column.GIVEN_NAME: "prénom",
    Column.FAMILY_NAME: "nom",
    Column.FULL_NAME: "tout, dans la même case",
    Column.BIRTH: "date de naissance",
    Column.AGE: "âge",
}
"""What a column may hold of a spouse or of a child, and its words after whom it is about."""
OF_HOLDER = (Column.FAMILY_NAME, Column.GIVEN_NAME, *ONE_CELL, Column.BIRTH, Column.AGE, Column.LINK)
COUNTS = (Column.ADULTS, Column.CHILDREN, Column.PEOPLE)
WHOSE = ("", "partner", *(f"child{n}" for n in range(1, MOST_CHILDREN + 1)))
"""Whose a column may be, by rank in the line: the holder, the spouse, each child."""
WHO = ("Titulaire", "Conjoint·e", *(f"Enfant {n}" for n in range(1, MOST_CHILDREN + 1)))
PARTNER, FIRST_CHILD = 1, 2
Meaning = tuple[int, Column]

# Folded titles people write; a title that only begins with one is proposed too, the longest first.
TITLES: dict[Column, str] = {
    Column.HOUSEHOLD: "foyer|n foyer|no foyer|numero foyer|numero de foyer|numero du foyer|n de foyer|n du foyer|"
    "id foyer|code foyer|menage|famille|n famille|numero famille|numero de famille|dossier|n dossier|numero dossier|"
    "numero de dossier",
    Column.FAMILY_NAME: "nom|noms|nom de famille|nom d usage|nom usuel|nom patronymique|nom du beneficiaire",
    Column.GIVEN_NAME: "prenom|prenoms|prenom usuel|prenom s",
    Column.FULL_NAME: "nom prenom|nom et prenom|nom prenoms|noms prenoms|noms et prenoms|nom complet|prenom nom|"
    "prenom et nom|beneficiaire|personne",
    Column.BIRTH: "date de naissance|naissance|date naissance|ne le|nee le|ne e le|date de naiss|date naiss|ddn|dob|dn|"
    "d n|annee de naissance|annee naissance|annee",
    Column.AGE: "age|ages",
    Column.LINK: "lien|lien de parente|lien familial|parente|qualite|role|lien dans le foyer|statut dans le foyer",
    Column.COMMUNE: "commune|ville|localite|commune de residence|cp ville|cp et ville|code postal ville|"
    "code postal et ville|cp commune|cp et commune|code postal commune|ville et code postal",
    Column.ADDRESS: "adresse|adresse postale|adresse complete|rue|voie|domicile",
    Column.PHONE: "telephone|tel|tel portable|portable|telephone portable|mobile|gsm|"
    "n de telephone|numero de telephone",
    Column.EMAIL: "courriel|email|e mail|mail|mel|adresse mail|adresse email|adresse e mail|adresse electronique",
    Column.KIDS: "enfants|enfant s|prenoms enfants|prenom enfants|prenoms des enfants|prenom des enfants|"
    "noms des enfants|nom des enfants|noms enfants|autres enfants|enfants et ages|"
    "prenom et date de naissance des enfants|"
    "prenoms et dates de naissance des enfants|enfants prenoms|prenom s enfant s",
    Column.ADULTS: "nb adultes|nbre adultes|nbr adultes|nombre adultes|nombre d adultes|nb d adultes|nb adulte|adultes",
    Column.CHILDREN: "nb enfants|nbre enfants|nbr enfants|nombre enfants|nombre d enfants|nb d enfants|nb enfant|"
    "nbre d enfants|nb enf|nb enfants a charge|nombre d enfants a charge|enfants a charge|nb mineurs|mineurs",
    Column.PEOPLE: "nb personnes|nbre personnes|nbr personnes|nombre personnes|nombre de personnes|nb de personnes|"
    "nb pers|nbre de personnes|nb personnes foyer|nombre de personnes au foyer|nb personnes au foyer|"
    "nombre de personnes dans le foyer|taille du foyer|personnes au foyer|composition|composition du foyer",
}
BY_TITLE = {title: column for column, titles in TITLES.items() for title in titles.split("|")}
# Whom a title is about, in folded words. A child without a number is the next one.
HOLDER_SAID = r"titulaire|demandeu[rs]e?|allocataire|beneficiaire|chef de famille|parent 1|adulte 1|personne 1"
PARTNER_SAID = (
    r"conjoint e|conjointe?|epoux se|epoux epouse|epouse|epoux|mari|compagnon|compagne|concubin e|concubine?|"
    r"partenaire|parent 2|adulte 2|(?:2e|2eme|2nd|second|deuxieme) adulte|personne 2"
)
FIRST_CHILDREN = ("premier", "deuxieme", "troisieme", "quatrieme", "cinquieme")
CHILD_SAID = (
    rf"([0-9]{{1,2}}|{'|'.join(FIRST_CHILDREN)})(?:er|ere|e|eme)? (?:enfant|enf)"
    r"|(?:enfant|enf) ?(?:n |no )?([0-9]{0,2})"
)
FILLERS = {"du", "de", "la", "l", "d", "le", "des", "n", "s"}
NEXT_CHILD = -1


def read_meaning(said: str) -> Meaning | None:
    """Whose a column is and what it holds, from what is stored of it; None when that means nothing."""
    whose, _, what = said.rpartition(".")
    if whose not in WHOSE or what not in list(Column) or (whose and what not in OF_OTHERS):
        return None
    return WHOSE.index(whose), Column(what)


def stored(rank: int, column: Column) -> str:
    """What is kept of a meaning."""
    return f"{WHOSE[rank]}.{column}" if rank else column.value


def label_of(said: str) -> str:
    """A meaning in words: « Prénom », « Enfant 2 : date de naissance »."""
    rank, column = read_meaning(said) or (0, Column(said))
    return f"{WHO[rank]} : {OF_OTHERS[column]}" if rank else column.label


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every meaning a column may have, by whom it is about: for a list of choices."""
    household = [column for column in Column if column not in OF_HOLDER]
    return [
        ("Titulaire, ou personne de la ligne", [(column.value, column.label) for column in OF_HOLDER]),
        ("Foyer", [(column.value, column.label) for column in household]),
        *(
            (who, [(stored(rank, column), f"{who} : {words}") for column, words in OF_OTHERS.items()])
            for rank, who in enumerate(WHO)
            if rank
        ),
    ]


# ------------------------------------------------------------------ what a title says


def whom(title: str) -> tuple[int | None, str]:
    """Whom a title is about, its rank or `NEXT_CHILD`, None when it does not say; and what else it says, folded."""
    words = fold(title)
    for said, rank in ((HOLDER_SAID, 0), (PARTNER_SAID, PARTNER)):
        if found := re.search(rf"\b(?:{said})\b", words):
            return rank, _rest(words, found)
    if found := re.search(rf"\b(?:{CHILD_SAID})\b", words):
        count = found.group(1) or found.group(2)
        number = FIRST_CHILDREN.index(count) + 1 if count in FIRST_CHILDREN else int(count or 0)
        if number > MOST_CHILDREN:
            return None, words
        return (FIRST_CHILD + number - 1 if number else NEXT_CHILD), _rest(words, found)
    return None, words


def _rest(words: str, found: re.Match[str]) -> str:
    """What is left of a title without whom it is about, nor the small words that led to it."""
    left = f"{words[: found.start()]} {words[found.end() :]}".split()
    while left and " ".join(left) not in BY_TITLE and (left[-1] in FILLERS or left[0] in FILLERS):
        left = left[:-1] if left[-1] in FILLERS else left[1:]
    return " ".join(left)


def meaning(title: str) -> tuple[int | None, Column] | None:
    """What a column's title seems to say, and whom it names, if anybody."""
    words = fold(title)
    if words in BY_TITLE:
        return None, BY_TITLE[words]
    rank, rest = whom(title)
    if rank is not None:
        column = BY_TITLE.get(rest) if rest else Column.FULL_NAME
        return (rank, column) if column in OF_OTHERS else None
    starts = [known for known in BY_TITLE if " " in known and words.startswith(known + " ")]
    return (None, BY_TITLE[max(starts, key=len)]) if starts else None


def proposed(titles: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> list[str]:
    """A meaning for each column, each meaning once; empty for those that say nothing we know."""
    guess = _Guess()
    for n, title in enumerate(titles):
        said = meaning(title)
        cells = [row[n] for row in rows if n < len(row) and row[n]]
        if said == (None, Column.KIDS) and cells and all(re.fullmatch("[0-9]{1,2}", cell) for cell in cells):
            said = None, Column.CHILDREN
        guess.take(said)
    return guess.settled()


class _Guess:
    """The columns read from left to right: « Prénom » after « Conjoint » is the spouse's."""

    def __init__(self) -> None:
        self.found: list[Meaning | None] = []
        self.whose = 0

    def take(self, said: tuple[int | None, Column] | None) -> None:
        meant = said and (self._named(*said) if said[1] in OF_OTHERS else (0, said[1]))
        if meant and meant[1] not in OF_OTHERS and meant[1] not in ONE_CELL:
            self.whose = 0  # an address: the household again
        elif meant:
            self.whose = meant[0]
        self.found.append(meant if meant and meant not in self.found else None)

    def _named(self, rank: int | None, column: Column) -> Meaning | None:
        """Whose this column is: whoever its title names, else whoever was named last, else the next one."""
        if rank == NEXT_CHILD:
            again = (self.whose, column) in self.found or self.whose < FIRST_CHILD or column is Column.FULL_NAME
            return self._next_child(column) if again else (self.whose, column)
        if rank is not None:
            return rank, column
        if (self.whose, column) not in self.found:
            return self.whose, column
        if column not in (Column.FAMILY_NAME, Column.GIVEN_NAME, Column.FULL_NAME):
            return None
        if self.whose == 0 and column is not Column.GIVEN_NAME and not self._known(PARTNER):
            return PARTNER, column
        return self._next_child(column)

    def _known(self, rank: int) -> bool:
        return any(meant and meant[0] == rank for meant in self.found)

    def _next_child(self, column: Column) -> Meaning | None:
        rank = max([FIRST_CHILD - 1, *(meant[0] for meant in self.found if meant)]) + 1
        return (rank, column) if rank < len(WHOSE) else None

    def settled(self) -> list[str]:
        """« Conjoint » beside « Prénom » is a name; a name alone may hold everything."""
        for rank in range(1, len(WHOSE)):
            name, whole, given = (rank, Column.FAMILY_NAME), (rank, Column.FULL_NAME), (rank, Column.GIVEN_NAME)
            if whole in self.found and given in self.found:
                self._change(whole, None if name in self.found else name)
            elif name in self.found and given not in self.found:
                self._change(name, None if whole in self.found else whole)
        return [stored(*meant) if meant else "" for meant in self.found]

    def _change(self, one: Meaning, other: Meaning | None) -> None:
        self.found[self.found.index(one)] = other


# ------------------------------------------------------------------ the row of titles


def title_row(rows: Sequence[tuple[int, list[str]]], within: int = 12) -> int:
    """The index of the row of titles: the one that names most columns we know, two at least; else the first with two
    cells."""
    early = list(enumerate(rows[:within]))
    named = {index: sum(1 for said in proposed(cells) if said) for index, (_, cells) in early}
    best = max(named, key=lambda index: named[index], default=0)
    if named.get(best, 0) >= 2:
        return best
    return next((index for index, (_, cells) in early if sum(1 for cell in cells if cell) >= 2), 0)


def titled(above: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Titles under a row that says whom they are about (« Conjoint » above « Nom », « Prénom »): each says it too."""
    found, group = [], ""
    for n, title in enumerate(titles):
        if n < len(above) and above[n]:
            rank, rest = whom(above[n])
            group = above[n] if rank is not None and not rest else ""
        said = BY_TITLE.get(fold(title))
        found.append(f"{group} {lower_first(title)}" if group and said in OF_OTHERS else title)
    return found


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
