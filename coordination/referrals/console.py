"""What `coordination check-policies` says of the delays and of the routes. No database, no settings."""

from pathlib import Path

from coordination.kit.parameters import BadParameters, Problem
from coordination.referrals import delays, routing


def policies(folder: str) -> str:
    """One line for each file read, in the folder or in the house's; raises `BadParameters` with every fault.

    A folder of barèmes that holds neither file has nothing to say here.
    """
    place = Path(folder) if folder else delays.FILE.parent
    said: list[str] = []
    problems: list[Problem] = []
    for name, read in (("delays.yaml", delays.read_delays), ("routes.yaml", routing.read_routes)):
        if not (place / name).exists():
            continue
        try:
            found = read(place / name)
        except BadParameters as fault:
            problems += fault.problems
        else:
            said.append(f"{name} : {len(found.versions)} version{'s' * (len(found.versions) > 1)}, aucune faute.")
    if problems:
        raise BadParameters(problems)
    return "\n".join(said)
