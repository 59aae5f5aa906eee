"""Words folded for search and comparison: accents, case, hyphens and apostrophes set aside."""

import re
import unicodedata

LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def fold(words: str) -> str:
    """Plain lower-case words separated by single spaces: `Éloïse DE-LA Cœur` gives `eloise de la coeur`."""
    plain = unicodedata.normalize("NFKD", words.casefold()).translate(LIGATURES)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", kept).strip()


def grams(words: str) -> list[str]:
    """The distinct three-letter groups of each folded word, with its start and end marked by `_`."""
    found: set[str] = set()
    for word in fold(words).split():
        marked = f"_{word}_"
        found.update(marked[i : i + 3] for i in range(max(1, len(marked) - 2)))
    return sorted(found)
