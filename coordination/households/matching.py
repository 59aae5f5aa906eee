"""How names, streets and telephones are compared: the keys kept of a person, what is asked of them, how alike two are.

A person is found by keys, a `tsvector` of them under one index: each of her names (`=`), the same less one letter
(`-`), how it sounds (`~`), its consonants (`%`). Each key begins with its network: a search reads no other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from uuid import UUID

from rapidfuzz.distance import JaroWinkler

from coordination.households.rules import BirthDate, Precision, parse_birth
from coordination.kit.text import fold, one_less, skeleton, sound

GOOD = 0.84
SURE = 0.93
SAME_SOUND = 0.96
SAME_BONES = 0.9
BEGINS = 0.95
OTHER_NUMBER = 0.6
FAULTY_WORD = 4
"""Letters a word must have for a fault in it to be forgiven."""
MOST_LETTERS, MOST_WORDS = 250, 20
"""Two names as long as a form takes them, and a few words more than any address."""
STREETS = frozenset(
    fold(
        "rue avenue av boulevard bd bld place pl allee allees impasse imp chemin che route rte cite residence res quai"
        " cours square sq passage sentier lotissement lot hameau lieu dit batiment bat appartement appt apt app etage"
        " escalier esc bis ter chez le la les l de du des d a au aux et n no numero cedex"
    ).split()
)
"""Words of an address that say nothing by themselves."""
TYPED_DATE = re.compile(r"(?<![0-9])(?:[0-9]{1,2}[/.-]){0,2}(?:19|20)[0-9]{2}(?![0-9])")
FRANCE = re.compile(r"^(0033|33(?=0?[0-9]{9}$))?0?")
"""As `reach_of` reads the telephones of the base."""
TYPED_DIGITS = re.compile(r"(?<![0-9])(?:\+ ?|\( ?)?[0-9](?:[ .\-()]*[0-9]){3,}")


# ------------------------------------------------------------------ what is typed


@dataclass(frozen=True)
class Asked:
    """What was typed in the search box, read: folded words, birth dates, the digits of telephones."""

    words: tuple[str, ...]
    births: tuple[BirthDate, ...] = ()
    digits: tuple[str, ...] = ()

    @property
    def street(self) -> tuple[str, ...]:
        """The words by which a street may be known."""
        return tuple(word for word in self.words if word not in STREETS)


def read_asked(typed: str, today: date) -> Asked:
    """Reads what was typed. Four digits that may be a year are one when a name stands beside them."""
    births: list[BirthDate] = []
    for found in TYPED_DATE.findall(typed):
        try:
            births.append(parse_birth(found.replace("-", "/").replace(".", "/"), today))
        except ValueError:
            continue
    rest = TYPED_DATE.sub(" ", typed)
    digits = [number.strip() for number in TYPED_DIGITS.findall(rest)]
    words = words_of(TYPED_DIGITS.sub(" ", rest))
    if not words and not digits and re.fullmatch(r"\s*[0-9]{4}\s*", typed):
        digits.append(typed.strip())
    return Asked(words, tuple(births), tuple(digits))


def words_of(typed: str) -> tuple[str, ...]:
    """The folded words by which one is found. A sign of some alphabets stands for a whole sentence in ours: PostgreSQL
    would make no question of a hundred of them, and would write them in its log to say so."""
    return tuple(fold(typed)[:MOST_LETTERS].split()[:MOST_WORDS])


def national(number: str) -> str:
    """The digits of a telephone without what stands for France: `+33 6 12…`, `0033 6 12…`, `06 12…` give `612…`."""
    digits = re.sub(r"[^0-9]", "", number)
    if number.strip().startswith("+33"):
        return digits[2:].removeprefix("0")
    return FRANCE.sub("", digits)


# ------------------------------------------------------------------ keys


def keys_of(network_id: UUID, names: str) -> str:
    """What a person is found by, as a `tsvector`: her names, and two that follow each other written as one."""
    words, head = words_of(names), network_of(network_id)
    keys = {key for word in words for key in _keys_of_word(word)}
    for one, other in pairwise(words):
        keys |= {"=" + one + other, "~" + sound(one + other)}
    return " ".join([f"'{head}{key}'" for key in sorted(keys)])


@lru_cache(maxsize=20_000)
def _keys_of_word(word: str) -> frozenset[str]:
    keys = {"=" + word, "~" + sound(word), "%" + skeleton(word)}
    if len(word) >= FAULTY_WORD:
        keys |= {"-" + less for less in one_less(word)}
    return frozenset(keys - {"%"})


def network_of(network_id: UUID) -> str:
    """The head of every key of a network."""
    return network_id.hex[:6]


@dataclass(frozen=True)
class Query:
    """Writes what is asked of the keys, as a `tsquery`."""

    head: str

    def key(self, key: str, *, begins: bool = False) -> str:
        return f"'{self.head}{key}'" + (":*" if begins else "")

    def near(self, word: str) -> str:
        """The word, its beginning, one fault in it, or how it sounds."""
        keys = [self.key("=" + word, begins=len(word) > 1)]
        if len(word) >= FAULTY_WORD:
            keys += [self.key("-" + less) for less in sorted(one_less(word))]
        if len(word) > 2:
            keys.append(self.key("~" + sound(word)))
        return either(keys)

    def far(self, word: str) -> str:
        """The same, or its consonants, or its first letters."""
        keys = [self.near(word)]
        if skeleton(word):
            keys.append(self.key("%" + skeleton(word)))
        if len(word) > FAULTY_WORD:
            keys.append(self.key("=" + word[:3], begins=True))
        return either(keys)

    def names(self, words: Sequence[str]) -> str:
        """Every word near one of the names, also where a name was written in two words."""
        return either(both(self.near(word) for word in said) for said in spoken(words))

    def names_loosely(self, words: Sequence[str]) -> str:
        """Every word at least far from one of the names, or all but one near."""
        ways = [both(self.far(word) for word in words)]
        if len(words) > 1:
            for left_out in range(len(words)):
                rest = [word for place, word in enumerate(words) if place != left_out]
                first = self.key("=" + words[left_out][0], begins=True)
                ways.append(
                    both([*(self.near(word) for word in rest), first] if len(words) == 2 else map(self.near, rest))
                )
        return either(ways)

    def some_name(self, words: Sequence[str]) -> str:
        return either(self.near(word) for word in words)

    def whole_name(self, words: Sequence[str]) -> str:
        return either(self.key("=" + word) for word in words)

    def street(self, words: Sequence[str]) -> str:
        """Every word in the address; the beginning of a word is enough."""
        return either(both(self._in_street(word) for word in said) for said in spoken(words))

    def some_street(self, words: Sequence[str]) -> str:
        return either(self._in_street(word) for word in words)

    def _in_street(self, word: str) -> str:
        return self.key("=" + word, begins=not word.isdigit())

    def telephones(self, numbers: Sequence[str]) -> str:
        """The beginning or the end of each number, however it was written."""
        ways = []
        for number in numbers:
            end = re.sub(r"[^0-9]", "", number)[::-1]
            ways.append([self.key("+" + national(number), begins=True), self.key("-" + end, begins=True)])
        return both(map(either, ways))


def either(parts: Iterable[str]) -> str:
    return "(" + " | ".join(parts) + ")"


def both(parts: Iterable[str]) -> str:
    return "(" + " & ".join(parts) + ")"


def spoken(words: Sequence[str]) -> list[list[str]]:
    """The words as typed, then with each two that follow each other written as one."""
    ways = [list(words)]
    if len(words) < 6:
        ways += [[*words[:i], words[i] + words[i + 1], *words[i + 2 :]] for i in range(len(words) - 1)]
    return ways


# ------------------------------------------------------------------ how alike


def names_alike(words: Sequence[str], names: Sequence[str]) -> float:
    """How well each typed word is found among the names, whatever their order: 0 to 1."""
    if not words:
        return 1.0
    return max(_each_found(said, [*names, *(one + other for one, other in pairwise(names))]) for said in spoken(words))


def _each_found(words: Sequence[str], names: Sequence[str]) -> float:
    return sum(max((alike(word, name) for name in names), default=0.0) for word in words) / len(words)


def alike(word: str, name: str) -> float:
    """How alike two words are: 1 for the same, a little less for its beginning or its sound."""
    if word == name:
        return 1.0
    close: float = JaroWinkler.similarity(word, name)
    if len(word) > 2:
        if sound(word) == sound(name):
            close = max(close, SAME_SOUND)
        if name.startswith(word):
            close = max(close, BEGINS)
        if skeleton(word) and skeleton(word) == skeleton(name):
            close = max(close, SAME_BONES)
    return close


def streets_alike(asked: Sequence[str], known: Sequence[str]) -> float:
    """The same for the words of an address; another number in the street counts for little more than half."""
    return max((_each_in_street(said, known) for said in spoken(asked)), default=0.0)


def _each_in_street(asked: Sequence[str], known: Sequence[str]) -> float:
    return 0.99 * sum(_in_street(word, known) for word in asked) / len(asked) if asked else 0.0


def _in_street(word: str, known: Sequence[str]) -> float:
    if word.isdigit():
        return 1.0 if word in known else OTHER_NUMBER
    return max((alike(word, other) for other in known), default=0.0)


def there_alike(words: Sequence[str], names: Sequence[str], street: Sequence[str]) -> float:
    """A name and a street typed together: each word in one of the two, and one for sure in each; otherwise 0."""
    of_name = [max((alike(word, name) for name in names), default=0.0) for word in words]
    of_street = [0.0 if word in STREETS else _in_street(word, street) for word in words]
    named = any(a >= SURE and a >= b for a, b in zip(of_name, of_street, strict=True))
    housed = any(b >= SURE and b > a and not w.isdigit() for a, b, w in zip(of_name, of_street, words, strict=True))
    if not named or not housed:
        return 0.0
    scores = [max(a, b, float(w in street)) for a, b, w in zip(of_name, of_street, words, strict=True)]
    return 0.99 * sum(scores) / len(scores)


def births_alike(asked: Sequence[BirthDate], known: BirthDate) -> float | None:
    """1 for the same date, less for one that may be it or was mistyped; None for another one."""
    found = [score for birth in asked if (score := _birth_alike(birth, known)) is not None]
    return max(found) if found else None


def _birth_alike(asked: BirthDate, known: BirthDate) -> float | None:
    if asked.first is None or asked.last is None or known.first is None or known.last is None:
        return 0.9
    if asked == known:
        return 1.0
    if known.first <= asked.last and asked.first <= known.last:
        return 0.98 if asked.precision is not Precision.DAY else 0.95
    if asked.precision is Precision.DAY and known.precision is Precision.DAY and mistyped(asked.first, known.first):
        return 0.9
    return None


def mistyped(one: date, other: date) -> bool:
    """Whether two dates differ by one digit, by two that were exchanged, or by the day and the month exchanged."""
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return True
    pairs = [(a, b) for a, b in zip(f"{one:%d%m%Y}", f"{other:%d%m%Y}", strict=True) if a != b]
    return len(pairs) == 1 or (len(pairs) == 2 and pairs[0] == pairs[1][::-1])
