"""Words folded for search and comparison: accents, case, hyphens, spelling that sounds the same."""

import re
import unicodedata

LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
# French spellings that sound alike, longest first; applied in order to a folded word.
SOUNDS: tuple[tuple[str, str], ...] = (
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


def fold(words: str) -> str:
    """Plain lower-case words separated by single spaces: `Éloïse DE-LA Cœur` gives `eloise de la coeur`."""
    plain = unicodedata.normalize("NFKD", words.casefold()).translate(LIGATURES)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", kept).strip()


def sound(word: str) -> str:
    """A rough key of how a folded French name sounds: `dupond` and `dupont`, `philippe` and `filipe` share one."""
    key = word
    for pattern, said in SOUNDS:
        key = re.sub(pattern, said, key)
    return key or word


def grams(words: str) -> list[str]:
    """The distinct three-letter groups of each folded word and of its sound (`~`), start and end marked by `_`."""
    found: set[str] = set()
    for word in fold(words).split():
        found.update(_threes(word))
        found.update("~" + three for three in _threes(sound(word)))
    return sorted(found)


def _threes(word: str) -> set[str]:
    marked = f"_{word}_"
    return {marked[i : i + 3] for i in range(max(1, len(marked) - 2))}
