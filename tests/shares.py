"""`make test ARGS=--shares`: how many seconds of the run each folder of tests took, with what it asked to be set up."""

from collections import defaultdict
from pathlib import PurePosixPath

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shares", action="store_true", help="À la fin, les secondes de chaque dossier de tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Seconds on the clock, summed over the processes and divided by their number: what a folder adds to the run."""
    if not config.getoption("shares"):
        return
    seconds: defaultdict[str, float] = defaultdict(float)
    processes = set()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[str(PurePosixPath(report.nodeid.split("::")[0]).parent)] += report.duration
                processes.add(getattr(report, "worker_id", ""))
    terminalreporter.section(f"secondes par dossier ({len(processes)} processus)")
    for folder, taken in sorted(seconds.items(), key=lambda each: -each[1]):
        terminalreporter.line(f"{taken / len(processes):7.1f}  {folder}")
    terminalreporter.line(f"{sum(seconds.values()) / len(processes):7.1f}  en tout")
