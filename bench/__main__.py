"""`make bench`: every measure in one run, printed, and written to bench/results.json.

BENCH_SIZES: numbers of households, by commas (1000,10000 unless told; those two are always measured).
BENCH_KEEP=folder: the bases are kept there and serve again; a million households take a quarter of an hour to make.
BENCH_QUICK=1: fewer rounds, for a machine that has other work.
"""

import gc
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import bases, linkage, pace, pages, rav, referrals
from coordination.generate.rows import NETWORKS
from coordination.kit import embedded
from coordination.kit.clock import today
from coordination.kit.embedded import Cluster

RESULTS = Path(__file__).with_name("results.json")
SIZES = "1000,10000"
STATES = ("before vacuum analyze", "after vacuum analyze")
out = Console(highlight=False, soft_wrap=True)

Timings = dict[str, dict[str, pages.Timed]]


def main() -> None:
    asked = {int(size) for size in os.environ.get("BENCH_SIZES", SIZES).split(",")}
    sizes = sorted(asked | {1000, referrals.DIGESTED})
    home, cluster = bases.start()
    timings: dict[int, Timings] = {}
    paces: dict[int, dict[str, pace.Pace]] = {}
    moved: dict[str, Any] = {}
    thousand: bases.Base | None = None
    settled: dict[int, bases.Base] = {}
    try:
        budgets = rav.measure()
        show_rav(budgets)
        quality = linkage.quality(cluster)
        show_quality(quality)
        for size in sizes:
            base = bases.made(cluster, out, size)
            thousand = thousand or base
            gc.freeze()  # as the application does when it starts to serve
            timings[size] = {STATES[0]: pages.measure(base, thousand)}
            there = settled[size] = bases.analyzed(cluster, base)
            timings[size][STATES[1]] = pages.measure(there, settled[1000])
            paces[size] = pace.measure(there, [str(file) for file in pages.some_files(there)])
            show_timings(size, timings)
            show_paces(size, paces[size])
            moved |= measured(cluster, settled, size)
            found = results(budgets, quality, timings, paces) | {"referrals": moved}
            RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
            if size > referrals.DIGESTED and not bases.KEPT:
                bases.drop(cluster, base.name)
    finally:
        embedded.stop(home)
    out.print(f"\nÉcrit : {RESULTS.relative_to(Path.cwd())}")


def measured(cluster: Cluster, settled: Mapping[int, bases.Base], size: int) -> dict[str, Any]:
    """What referrals cost: there are as many as households."""
    found: dict[str, Any] = {}
    if size == referrals.DIGESTED:
        found["transition"] = asdict(referrals.transition(settled[size]))
        found["digests"] = asdict(referrals.digests(cluster, settled[size]))
    elif size > referrals.DIGESTED:
        found[f"queue at {size}"] = asdict(referrals.queues(settled[referrals.DIGESTED], settled[size]))
    for name, values in found.items():
        out.print(name, values)
    return found


def results(
    budgets: rav.Rav,
    quality: Mapping[str, Mapping[str, linkage.Quality]],
    timings: Mapping[int, Timings],
    paces: Mapping[int, Mapping[str, pace.Pace]],
) -> dict[str, Any]:
    """Everything measured, with what it was measured on."""
    return {
        "measured_on": date.isoformat(today()),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "quick": bases.QUICK,
        "load_average": round(os.getloadavg()[1], 1),
        "networks": NETWORKS,
        "reste_a_vivre": asdict(budgets),
        "search_quality": {
            name: {typed: asdict(found) for typed, found in ways.items()} for name, ways in quality.items()
        },
        "pages": {
            str(size): {
                state: {name: asdict(timed) for name, timed in found.items()} for state, found in states.items()
            }
            for size, states in timings.items()
        },
        "requests_per_second": {
            str(size): {name: asdict(found) for name, found in ways.items()} for size, ways in paces.items()
        },
    }


def show_rav(found: rav.Rav) -> None:
    table = Table("Reste à vivre", "secondes")
    table.add_row("un calcul expliqué, 12 lignes", str(found.one_explained))
    table.add_row(f"{found.households} foyers sous un barème changé", str(found.routed))
    table.add_row("le même, écrit pour openfisca-core", str(found.openfisca or "make rights"))
    out.print(table)


def show_quality(quality: Mapping[str, Mapping[str, linkage.Quality]]) -> None:
    table = Table("Jeu", "Ce qui est tapé", "Questions", "Première", "Dans les dix", "MRR", "ms (médiane)")
    for name, ways in quality.items():
        for typed, q in ways.items():
            row = (q.asked, f"{q.first:.1%}", f"{q.in_ten:.1%}", f"{q.mean_reciprocal_rank:.3f}", q.median_ms)
            table.add_row(name, typed, *map(str, row))
    out.print(table)


def show_timings(size: int, timings: Mapping[int, Timings]) -> None:
    table = Table(f"{size} foyers", "", "ms", "sans mur", "rapport (≤ 1,3)", "à 1 000 (≤ 1,5)", "90 %", "lignes")
    for state, found in timings[size].items():
        for name, t in found.items():
            row = (t.walled_ms, t.bare_ms, _marked(t.ratio, 1.3), _marked(t.against_1000, 1.5), t.ninetieth_ms, t.lines)
            table.add_row(name, state, *map(str, row))
    out.print(table)


def _marked(value: float, most: float) -> str:
    return str(value) if value <= most else f"[bold red]{value}[/]"


def show_paces(size: int, paces: Mapping[str, pace.Pace]) -> None:
    table = Table(f"{size} foyers", "demandes par seconde", "page minimale", "rapport (≥ 0,4)")
    for name, p in paces.items():
        table.add_row(name, str(p.ours), str(p.minimal), str(p.ratio) if p.ratio >= 0.4 else f"[bold red]{p.ratio}[/]")
    out.print(table)


if __name__ == "__main__":
    main()
