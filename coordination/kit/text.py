"""Words folded for search and comparison: accents, case, hyphens, spelling that sounds the same; counts in words."""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

ARABIC_ARTICLE = re.compile(r"\bال(?=\w{2})")
# French spellings that sound alike, longest first; applied in order to a folded word.
SOUNDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(spelling), said)
    for spelling, said in (
        (r"eaux?|aux|aud|ault|au", "o"),
        (r"ph", "f"),
        (r"tch|sch|sh", "ch"),
        (r"ain|ein|im|ym|yn|en$", "in"),
        (r"ay|ey|ei|ai|et$|er$|ez$", "e"),
        (r"ou", "u"),
        (r"[ckq]+u?(?=[aeiou])|ck|[ckq](?!h)", "k"),
        (r"ge(?=[ao])|j", "j"),
        (r"g(?=[eiy])", "j"),
        (r"[zx]$|[dtpsx]$|e$|es$|ent$", ""),
        (r"th", "t"),
        (r"y", "i"),
        (r"z", "s"),
        (r"w", "v"),
        (r"(?<!c)h", ""),
        (r"(.)\1+", r"\1"),
    )
)


MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)


SMALL_WORDS = frozenset("à au aux d de des du en et l la le les lès lez près sous sur".split())  # noqa: SIM905


def fold(words: str) -> str:
    """Plain lower-case words separated by single spaces: `Éloïse DE-LA Cœur` gives `eloise de la coeur`.

    Letters of every alphabet are written in ours: `Łukasz`, `Đặng`, `Юлия` give `lukasz`, `dang`, `yuliya`. What nobody
    sees, such as the soft hyphens of a text pasted from elsewhere, does not part words.
    """
    if not words.isascii():
        plain = ARABIC_ARTICLE.sub("al ", unicodedata.normalize("NFKC", words))
        seen = (c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
        words = "".join(_latin(c) if c.isalpha() else c for c in seen)
    return re.sub(r"[\W_]+", " ", words.lower()).strip()


def day_in_figures(typed: str) -> str:
    """A date whose month is a word, as the pages write it, in figures: `1er mai 2026` gives `1/5/2026`, `nov. 2026`
    gives `11/2026`; any other is left as it was typed."""
    plain = " ".join(typed.lower().split())
    found = re.fullmatch(r"(?:(\d{1,2})(?:er)?[ /.-]+)?([^\W\d]{3,9})\.?[ /.-]+(\d{2,4})", plain)
    named = [n for n, month in enumerate(MONTHS, 1) if found and fold(month).startswith(fold(found.group(2)))]
    if found is None or len(named) != 1:
        return typed
    return "/".join(filter(None, (found.group(1), str(named[0]), found.group(3))))


@lru_cache(maxsize=4_000)
def _latin(letter: str) -> str:
    """A letter in ours; what a transliteration marks with a sign (`ʿayn`) is left out."""
    return letter if letter.isascii() else "".join(c for c in anyascii(letter) if c.isalnum())


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """A rough key of how a folded French name sounds: `dupond` and `dupont`, `philippe` and `filipe` share one."""
    key = word
    for pattern, said in SOUNDS:
        key = pattern.sub(said, key)
    return key or word


def skeleton(word: str) -> str:
    """The consonants of a folded word, doubles once: what every spelling of `Mohamed` or `Youssef` has in common, and
    what is left of them when they were written without vowels. Empty when fewer than two are left."""
    bones = re.sub(r"(.)\1+", r"\1", re.sub("[aeiouyw]", "", word))
    return bones if len(bones) > 1 else ""


def one_less(word: str) -> set[str]:
    """A word and what is left of it without any one of its letters: two words one fault apart share one of these."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def place_name(typed: str) -> str:
    """A place typed all in capitals or all small, as one writes it: `HÉNIN-BEAUMONT`, `noyelles sous lens` give
    `Hénin-Beaumont`, `Noyelles sous Lens`; any other is left as it was typed."""
    if typed not in (typed.upper(), typed.lower()):
        return typed
    words = re.split(r"([\s’'-]+)", typed.lower())
    named = (word if n and word in SMALL_WORDS else word[:1].upper() + word[1:] for n, word in enumerate(words))
    return "".join(named)


def phone_number(typed: str) -> str:
    """A French number by pairs: `06.12.34.56.78` gives `06 12 34 56 78`, `+33612345678` gives `+33 6 12 34 56 78`; any
    other is left as it was typed."""
    figures = re.sub(r"[ ./()-]", "", typed).replace("+330", "+33")
    shape = re.fullmatch(r"(0|\+33|0033)([1-9])([0-9]{8})", figures)
    if shape is None:
        return typed
    start = f"0{shape.group(2)}" if shape.group(1) == "0" else f"+33 {shape.group(2)}"
    return " ".join([start, *re.findall("..", shape.group(3))])


def counted(*things: tuple[int, str]) -> str:
    """« 3 tâches et 1 rendez-vous »: how many of each, what there is none of left out."""
    return " et ".join(f"{n} {word}{'s' * (n > 1 and not word.endswith('s'))}" for n, word in things if n)


def lower_first(sentence: str) -> str:
    """A sentence taken into another: its first letter small."""
    return sentence[:1].lower() + sentence[1:]


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
