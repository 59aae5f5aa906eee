"""The long files first, the longest at the head: a long one begun last would leave the other processes idle.

`make test ARGS=--durations=40` says which they are; a file that is not named here comes after them, in the usual order.
"""

LONG = (
    "tests/browser/test_journey.py",
    "tests/browser/test_pages.py",
    "tests/setup/test_embedded.py",
    "tests/browser/test_families.py",
    "tests/browser/test_casework.py",
    "tests/demo/test_loading.py",
    "tests/house/test_fuzz_forms.py",
    "tests/house/test_matrix.py",
    "tests/households/test_oracle.py",
    "tests/ui/test_look.py",
    "tests/setup/test_first_day.py",
    "tests/policies/test_random_world.py",
    "tests/api/test_schema.py",
    "tests/households/test_family_machine.py",
    "tests/setup/test_servers.py",
    "tests/audit/test_journal.py",
    "tests/demo/test_load.py",
    "tests/referrals/test_pages.py",
    "tests/policies/test_findings_wall.py",
    "tests/referrals/test_queue.py",
    "tests/identity/test_throttle.py",
    "tests/budgets/test_pages.py",
)
RANK = {path: rank for rank, path in enumerate(LONG)}


def rank(node: str) -> int:
    """Where the file of a test stands."""
    return RANK.get(node.split("::", 1)[0], len(RANK))
