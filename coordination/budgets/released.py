"""The versions of barèmes that were released, by their fingerprint: they are read, never written over.

`released.txt`, beside the barèmes, has one line by version: its code, its first day, the fingerprint of its values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from coordination.budgets.baremes import Baremes, load_baremes
from coordination.kit.parameters import BadParameters, Problem, open_parameters

NAME = "released.txt"
Key = tuple[str, date]


@dataclass(frozen=True)
class Check:
    """What a folder of barèmes holds: what is to be mended, and the versions not released yet."""

    baremes: Baremes
    problems: tuple[Problem, ...]
    fresh: tuple[Key, ...]


def check(folder: Path) -> Check:
    """Reads every barème, then compares with what was released. Raises `BadParameters` when one cannot be read."""
    baremes = load_baremes.__wrapped__(folder)
    now = digests(baremes)
    before = read_released(folder)
    problems = [_changed(folder, key) for key, digest in before.items() if now.get(key) != digest]
    return Check(baremes, tuple(problems), tuple(key for key in now if key not in before))


def digests(baremes: Baremes) -> dict[Key, str]:
    """The fingerprint of every version, by code then day."""
    return {
        (code, version): bareme.digest
        for code, scheme in sorted(baremes.schemes.items())
        for version, bareme in scheme.versions
    }


def read_released(folder: Path) -> dict[Key, str]:
    """What was released, or nothing when the folder keeps no list. Raises `BadParameters`."""
    path = folder / NAME
    if not path.exists():
        return {}
    found: dict[Key, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            code, version, digest = line.split()
            found[code, date.fromisoformat(version)] = digest
        except ValueError:
            says = "cette ligne n’est pas « code date empreinte »."
            instead = "Remettez-la telle qu’elle était : ce fichier est écrit par « coordination check-policies »."
            raise BadParameters([Problem(f"{folder.name}/{NAME}", number, says, instead)]) from None
    return found


def release(folder: Path, keys: Iterable[Key]) -> None:
    """Adds these versions to the list; what was there stays as it is."""
    now = digests(load_baremes.__wrapped__(folder))
    path = folder / NAME
    before = path.read_text(encoding="utf-8") if path.exists() else HEADER
    lines = "".join(f"{code} {version.isoformat()} {now[code, version]}\n" for code, version in keys)
    path.write_text(before + lines, encoding="utf-8")


HEADER = """# Versions publiées : une ligne par version, son code, son premier jour, l’empreinte de ses valeurs.
# Une version publiée ne se corrige pas : on en ajoute une nouvelle. « coordination check-policies » y veille.
"""


def _changed(folder: Path, key: Key) -> Problem:
    """A released version whose values are no longer what they were, or that is gone."""
    code, version = key
    name = f"{folder.name}/{code}.yaml"
    path = folder / f"{code}.yaml"
    back = "Remettez-la telle qu’elle était, et ajoutez à la fin une nouvelle version avec sa propre date."
    if not path.exists():
        return Problem(name, 1, f"ce barème a été publié (version du {version}) et son fichier manque.", back)
    for item in open_parameters(path).field("versions").items():
        if item.field("from").day() == version:
            return Problem(name, item.line, f"la version du {version} est publiée et ses valeurs ont changé.", back)
    return Problem(name, 1, f"la version du {version} est publiée et n’est plus dans le fichier.", back)
