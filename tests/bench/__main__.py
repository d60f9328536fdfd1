"""`make bench`: measure kopf, the operator and the bare cost side by side, and write the table.

BENCH_PODS=150000 make bench      the largest cluster there is, as well as the usual size
"""

import argparse
import os
import time

from tests.bench import machine, metrics_render, report
from tests.bench.measure import MIB
from tests.bench.scenario import Plan, Result, run

PODS = 50_000
KOPF_PODS = 2_000
SMALL_PODS = 1_000
PACED_PODS = 20_000
FEW_PODS = 20_000
FEW = 3
"""Pods per workload if most are small: the first pod of each costs most."""
CHURNED = 100_000
PACE = 150e-6
"""Seconds that a server takes for each pod of a stream, as assumed of a real one."""
WORKLOADS = 10_000
"""The workloads whose metrics are scraped."""


def main() -> None:
    """Measure everything *runs* times in turns, so that a busy minute affects all alike."""
    arguments = _arguments()
    plan = Plan(
        pods=min(arguments.pods, PODS),
        updates=min(arguments.pods, PODS) * 2,
        churned=CHURNED,
        events=10_000,
        flips=5_000,
    )
    begun = time.monotonic()
    results: dict[str, list[Result]] = {name: [] for name in report.SERIES}
    evenness = []
    for number in range(arguments.runs):
        evenness.append(machine.measure())
        print(f"==> run {number + 1} of {arguments.runs}", flush=True)
        bare = Plan(pods=plan.pods, updates=plan.updates, flips=plan.flips)
        _add(results, "bare", "bare", bare)
        _add(results, "operator", "operator", plan)
        _add(results, "small", "operator", Plan(pods=SMALL_PODS, updates=1000))
        _add(results, "kopf", "kopf", Plan(pods=KOPF_PODS, updates=KOPF_PODS))
        _add(results, "pages", "operator", Plan(pods=plan.pods, updates=0, pages=True))
        paced = Plan(pods=min(plan.pods, PACED_PODS), updates=0, pace=PACE)
        _add(results, "paced_bare", "bare stream", paced)
        _add(results, "paced", "operator", paced)
        few = Plan(pods=min(plan.pods, FEW_PODS), updates=0, together=FEW)
        _add(results, "few_bare", "bare", few)
        _add(results, "few", "operator", few)
        if arguments.pods > PODS:
            _add(results, "large", "operator", Plan(pods=arguments.pods, updates=1000))
    for number in range(arguments.syncs):
        print(f"==> first sync, {number + 1} of {arguments.syncs} more", flush=True)
        _add(results, "bare", "bare", Plan(pods=plan.pods, updates=0))
        _add(results, "operator", "operator", Plan(pods=plan.pods, updates=0))
        _add(results, "kopf", "kopf", Plan(pods=KOPF_PODS, updates=0))
    scrape = metrics_render.measure_workloads(WORKLOADS, arguments.runs)
    figures = report.Figures(
        **results,
        runs=arguments.runs,
        seconds=time.monotonic() - begun,
        evenness=evenness,
        workloads=WORKLOADS,
        scrape=scrape,
    )
    print(report.write(figures))


def _add(results: dict[str, list[Result]], key: str, name: str, plan: Plan) -> None:
    result = run(name, plan)
    results[key].append(result)
    updates = "".join(f"{what} {micros:.1f} µs, " for what, micros in result.micros.items())
    print(
        f"    {name:11} {plan.pods:>7,} pods: sync {result.sync_micros:.1f} µs, {updates}"
        f"{result.steady / MIB:.0f} MiB (peak {result.peak / MIB:.0f})",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = int(os.environ.get("BENCH_PODS", PODS))
    parser.add_argument("--pods", type=int, default=default, help="how many pods there are")
    parser.add_argument("--runs", type=int, default=3, help="medians of so many (default 3)")
    parser.add_argument(
        "--syncs", type=int, default=6, help="how many more first syncs, side by side (default 6)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
