"""One line of a list, unfolded: its holder, her spouse, their children, each with what the line says of them. Pure.

Nobody is invented: a count alone stays a count. A cell that held a couple is kept beside what was read of it (`read`),
to be looked at; what a file has no place for (an age, a birth name) is kept in words (`note`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from coordination.households.rules import Link
from coordination.imports.columns import COUNTS, FIRST_CHILD, ONE_CELL, PARTNER, WHOSE, Column, read_meaning
from coordination.imports.rules import BLANKS, CIVILITY, read_full_name, without_title
from coordination.kit.text import fold, lower_first

Said = dict[str, str]
MOST = len(WHOSE) - FIRST_CHILD
TOO_MANY = f"Plus de {MOST} enfants : ceux du début sont repris, ajoutez les autres au dossier après l’import."
DAY = (
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})(?![0-9])|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{4}"
    r"|[0-9]{1,2}(?:er)? [^\W\d]{3,9}\.? [0-9]{4}|(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])"
)
YEARS = r"[0-9]{1,3} ?(?:ans?|mois)\b|(?<=\()[0-9]{1,2}(?=\))"
WHEN = re.compile(rf"\(?\s*(?:\bn[ée](?:\(?e\)?)?\.?\s+)?(?:\b(?:le|en)\s+)?({DAY}|{YEARS})\s*\)?", re.IGNORECASE)
AGE = re.compile(r"\(?([0-9]{1,3}) ?(ans?|mois)\)?", re.IGNORECASE)
BORN = re.compile(  # « née MARTIN », and the words in capitals that follow
    r"\s*\(?\b((?i:n[ée]e|[ée]pouse|[ée]p\.|veuve|vve) (?!le\b|en\b)"
    r"(?:[A-ZÀ-Ý][A-ZÀ-Ý’'-]+(?:\s+[A-ZÀ-Ý][A-ZÀ-Ý’'-]+\b)*|[\w’'-]+))\)?"
)
AND = re.compile(r"\s+(?:et|&|\+)\s+", re.IGNORECASE)
BOTH_TITLES = re.compile(rf"^{CIVILITY}\s*(?:et|ou|&|/|\+|-)\s*{CIVILITY}\s*(?=\S)", re.IGNORECASE)
HAS_TITLE = re.compile(rf"^{CIVILITY}\s+\S", re.IGNORECASE)
NAMES = (Column.FAMILY_NAME.value, Column.GIVEN_NAME.value, *(column.value for column in ONE_CELL))


@dataclass
class Somebody:
    """A person of a line, by her rank in it; what the line says of her, by field."""

    rank: int
    said: Said
    faults: dict[str, str] = field(default_factory=dict)


def people_of(cells: Sequence[str], columns: Sequence[str], commune: str) -> list[Somebody]:
    """The people of one line, its holder first."""
    said = _by_rank(cells, columns)
    holder = said.pop(0, {})
    holder[Column.COMMUNE.value] = holder.get(Column.COMMUNE, "") or commune
    kids = children_in(holder.pop(Column.KIDS, ""), holder)
    for name in NAMES:
        _birth_name(holder, name)
    _when(holder)
    second = _couple(holder, said.get(PARTNER, {}))
    if second:
        said[PARTNER] = second | {name: cell for name, cell in said.get(PARTNER, {}).items() if not blank(cell)}
    others = {rank: found for rank, found in sorted(said.items()) if not all(map(blank, found.values()))}
    people = [Somebody(0, holder), *(_other(rank, found, holder) for rank, found in others.items())]
    first = max(FIRST_CHILD, people[-1].rank + 1)
    people += [_other(rank, {Column.FULL_NAME.value: kid}, holder) for rank, kid in enumerate(kids, first)]
    return _led(_counted(people))


def blank(cell: str) -> bool:
    """Whether a cell says that there is nobody, or nothing."""
    words = fold(cell)
    return not words or words in BLANKS or words == "0"


def _by_rank(cells: Sequence[str], columns: Sequence[str]) -> dict[int, Said]:
    """What the line says, by rank and by field; a cell of several lines is one, but where children are listed."""
    found: dict[int, Said] = {}
    for cell, means in zip(cells, columns, strict=False):
        meant = read_meaning(means)
        if meant:
            rank, column = meant
            found.setdefault(rank, {})[column.value] = cell if column is Column.KIDS else " ".join(cell.split())
    for column in COUNTS:
        if blank(found.get(0, {}).get(column, "")):
            found.get(0, {}).pop(column.value, None)
    return found


def _counted(people: list[Somebody]) -> list[Somebody]:
    kept = [person for person in people if person.rank < len(WHOSE)]
    if len(kept) < len(people):
        kept[0].faults["children"] = TOO_MANY
    return kept


def _led(people: list[Somebody]) -> list[Somebody]:
    """A line that names a spouse and no holder is led by the spouse."""
    holder, *others = people
    if not others or others[0].rank != PARTNER or any(holder.said.get(name) for name in NAMES):
        return people
    named = {name: others[0].said.get(name, "") for name in (*NAMES[:2], Column.BIRTH.value, "note")}
    return [Somebody(0, {**holder.said, **named}, others[0].faults), *others[1:]]


# ------------------------------------------------------------------ a spouse, a child


def _other(rank: int, said: Said, holder: Said) -> Somebody:
    """A spouse or a child; her family name stays empty when it is the holder's, or is not said."""
    link = Link.PARTNER if rank == PARTNER else Link.CHILD
    person = Somebody(rank, {"household": holder.get(Column.HOUSEHOLD, ""), "link": link.value, **said})
    said, family = person.said, holder.get(Column.FAMILY_NAME, "")
    whole = said.pop(Column.FULL_NAME.value, "")
    name, when = without_when("" if blank(whole) else whole)
    if when and blank(said.get(Column.BIRTH, "")):
        said[Column.BIRTH.value] = when
    if name:
        names = Column.FAMILY_NAME.value, Column.GIVEN_NAME.value
        try:
            named = names_of(name, family, child=rank >= FIRST_CHILD)
        except ValueError as unclear:
            named, person.faults[names[0]] = (name, ""), str(unclear)
        said.update({field: told for field, told in zip(names, named, strict=True) if blank(said.get(field, ""))})
    for field_name in NAMES[:2]:
        _birth_name(said, field_name)
    _when(said)
    if fold(said.get(Column.FAMILY_NAME, "")) == fold(family):
        said[Column.FAMILY_NAME.value] = ""
    return person


def without_when(words: str) -> tuple[str, str]:
    """« Léa (née le 12/03/2015) » gives « Léa » and « 12/03/2015 »; « Tom 7 ans » gives « Tom » and « 7 ans »."""
    found = WHEN.search(words)
    when = found.group(1) if found else ""
    left = f"{words[: found.start()]} {words[found.end() :]}" if found else words
    return " ".join(left.split()).strip(" -–,:;."), f"{when} ans" if re.fullmatch("[0-9]{1,2}", when) else when


def names_of(words: str, family: str, child: bool) -> tuple[str, str]:
    """Family name and given name of somebody told beside a holder of this family name. Raises ValueError in French.

    The holder's name is left out; one word is a given name; of a child, so is what nothing tells apart.
    """
    words = without_title(words)
    alike = re.sub(rf"(?<!\w){re.escape(family)}(?!\w)", " ", words, flags=re.IGNORECASE) if family else words
    if alike != words or len(words.split()) == 1:
        given = " ".join(alike.split())
        return ("", given) if given else (words, "")
    try:
        return read_full_name(words)
    except ValueError:
        if child:
            return "", words
        raise


def children_in(cell: str, holder: Said) -> list[str]:
    """The children a cell lists, each in the words of the cell; a number alone is noted as their count."""
    bare = re.sub(r"^\s*([0-9]{1,2}) ?(?:enfants?|enf\.?)?\s*(?::|-|$)", r"\1\n", cell, flags=re.IGNORECASE)
    if found := re.match(r"([0-9]{1,2})\n", bare):
        holder.setdefault(Column.CHILDREN.value, found.group(1))
        bare = bare[found.end() :]
    found_kids: list[str] = []
    for piece in re.split(r"[,;\n&+•]|(?<![0-9])/|/(?![0-9])|\bet\b|\s[-–]\s", bare):
        for part in re.sub(rf"({WHEN.pattern})(?=\s*[^\W\d])", "\\1\n", piece, flags=re.IGNORECASE).split("\n"):
            name, when = without_when(part)
            if when and not name and found_kids and not without_when(found_kids[-1])[1]:
                found_kids[-1] += f" {when}"  # « Léa, 2015 »
            elif not blank(name) or when:
                found_kids.append(" ".join(part.split()))
    return found_kids


# ------------------------------------------------------------------ what the file has no place for


def _note(said: Said, words: str) -> None:
    said["note"] = ", ".join(filter(None, (said.get("note", ""), words)))


def _birth_name(said: Said, name: str) -> None:
    """« DUPONT née MARTIN » is DUPONT; the other name is kept in words."""
    found = BORN.search(said.get(name, ""))
    if found and found.start():
        said[name] = f"{said[name][: found.start()]} {said[name][found.end() :]}".strip()
        _note(said, lower_first(found.group(1)))


def _when(said: Said) -> None:
    """An age is no birth date: it is kept in words, and the date stays unknown. A column of ages may hold dates."""
    age, birth = said.pop(Column.AGE.value, ""), said.get(Column.BIRTH, "")
    if AGE.fullmatch(birth):
        said[Column.BIRTH.value], age = "", birth
    if re.fullmatch(DAY, age, re.IGNORECASE) and blank(birth):
        said[Column.BIRTH.value] = age
    elif not blank(age):
        _note(said, f"{age} ans" if age.isdigit() else age.strip("()"))


# ------------------------------------------------------------------ a couple in one cell


def _couple(holder: Said, partner: Said) -> Said | None:
    """The second adult of the holder's cells when they certainly name two; the holder is then told apart from her."""
    if partner and not blank(partner.get(Column.GIVEN_NAME, "") or partner.get(Column.FULL_NAME, "")):
        return None
    order, whole = next(((name, holder[name]) for name in NAMES[2:] if holder.get(name)), ("", ""))
    family, given = holder.get(Column.FAMILY_NAME, ""), holder.get(Column.GIVEN_NAME, "")
    alone = not holder.get(Column.HOUSEHOLD) and fold(holder.get(Column.LINK, "")) in ("", "titulaire", "reference")
    titled = BOTH_TITLES.match(family or whole)
    try:
        if given:
            pair = names_apart(family, given)
        else:
            pair = couple_in(family or whole, "" if order == Column.FULL_NAME else order)
    except ValueError:
        return None
    if pair is None or not (alone or titled):
        return None
    read = " ".join(filter(None, (family or whole, given)))
    for name in NAMES[2:]:
        holder.pop(name, None)
    (holder[NAMES[0]], holder[NAMES[1]]), (second, called) = pair
    holder["read"] = read
    return {NAMES[0]: second, NAMES[1]: called, "read": read}


Names = tuple[str, str]


def couple_in(whole: str, order: str = "") -> tuple[Names, Names] | None:
    """Two people of one cell: « M. et Mme DUPONT », « DUPONT Jean et Marie », « M. DUPONT et Mme MARTIN ». None when it
    names one, or when it is not certain. Raises ValueError when names do not stand apart."""
    bare = BOTH_TITLES.sub("", whole)
    parts = AND.split(bare)
    if len(parts) == 1 and bare != whole:
        family, given = read_full_name(bare, order)
        return (family, given), (family, "")
    if len(parts) != 2 or not all(parts):
        return None
    titles = [bool(HAS_TITLE.match(part)) for part in parts]
    words = [without_title(part) for part in parts]
    lone = [len(word.split()) == 1 for word in words]
    if all(lone):
        return ((words[0], ""), (words[1], "")) if all(titles) else None
    if not any(lone):
        first, second = (read_full_name(word, order) for word in words)
        return first, second
    full, one = (words[1], words[0]) if lone[0] else (words[0], words[1])
    if titles[lone.index(True)] or (one == one.upper() and full != full.upper() and len(one) > 1):
        return None  # « DUPONT et MARTIN Marie »: whose name is it?
    family, given = read_full_name(full, order)
    return ((family, one), (family, given)) if lone[0] else ((family, given), (family, one))


def names_apart(family: str, given: str) -> tuple[Names, Names] | None:
    """Two people of two cells: « DUPONT » and « Jean et Marie ». None when they name one, or when it is not certain."""
    bare = BOTH_TITLES.sub("", family)
    families = [without_title(part) for part in re.split(rf"{AND.pattern}|\s*/\s*", bare, flags=re.IGNORECASE)]
    called = [without_title(part) for part in re.split(rf"{AND.pattern}|\s*/\s*", given, flags=re.IGNORECASE)]
    if len(called) == 2 and len(families) in (1, 2):
        slash = "/" in given and len(families) == 1 and bare == family
        return None if slash else ((families[0], called[0]), (families[-1], called[1]))
    return ((bare, given), (bare, "")) if bare != family and len(families) == len(called) == 1 else None
