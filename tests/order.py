"""The long files first, the longest at the head: a long one begun last would leave the other processes idle.

`make test ARGS=--durations=40` says which they are; a file that is not named here comes after them, in the usual order.
Of those that first wait for the same demonstration to be loaded, one alone stands at the very head.
"""

LONG = (
    "tests/browser/test_journey.py",
    "tests/setup/test_embedded.py",
    "tests/house/test_matrix.py",
    "tests/browser/test_casework.py",
    "tests/policies/test_random_world.py",
    "tests/browser/test_pages.py",
    "tests/browser/test_decision.py",
    "tests/browser/test_families.py",
    "tests/demo/test_loading.py",
    "tests/rights/test_estimator.py",
    "tests/house/test_fuzz_forms.py",
    "tests/households/test_merging.py",
    "tests/setup/test_first_day.py",
    "tests/browser/test_protection.py",
    "tests/browser/test_import.py",
    "tests/ui/test_look.py",
    "tests/browser/test_outside.py",
    "tests/browser/test_simulators.py",
    "tests/browser/test_queue.py",
    "tests/households/test_oracle.py",
    "tests/audit/test_journal.py",
    "tests/api/test_matrix.py",
    "tests/simulators/test_impact.py",
    "tests/api/test_acts.py",
    "tests/referrals/test_pages.py",
    "tests/referrals/test_referral_machine.py",
    "tests/imports/test_service.py",
    "tests/policies/test_findings_plans.py",
    "tests/referrals/test_work.py",
    "tests/budgets/test_pages.py",
    "tests/api/test_schema.py",
    "tests/budgets/test_service.py",
    "tests/notices/test_worker.py",
    "tests/policies/test_findings_wall.py",
    "tests/rights/test_asking.py",
    "tests/referrals/test_queue.py",
    "tests/policies/test_findings_upgrade.py",
    "tests/households/test_family_machine.py",
    "tests/demo/test_load.py",
)
RANK = {path: rank for rank, path in enumerate(LONG)}


def rank(node: str) -> int:
    """Where the file of a test stands."""
    return RANK.get(node.split("::", 1)[0], len(RANK))
