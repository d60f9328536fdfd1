"""`probewatch report`: what is restarting, and why, from the records that the operator keeps."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from probewatch.clock import Clock
from probewatch.commands.cluster import (
    add_cluster_flags,
    log_little,
    open_client,
    read_settings,
)
from probewatch.commands.durations import render_duration
from probewatch.commands.lines import render_line
from probewatch.commands.report_read import Summary, read_summaries
from probewatch.commands.tables import render_causes, render_section, render_table
from probewatch.commands.workload_names import is_called
from probewatch.errors import InputError
from probewatch.kube.times import parse_time
from probewatch.service.runtime import run_on_best_loop

DESCRIPTION = """\
List what is restarting in one or all namespaces, and why: one line for each workload with
something to report, restart loops first. With a WORKLOAD, everything recorded about it.

It reads the ProbeReports that the operator keeps, which exist long after the kubelet's Events
are gone. `kubectl get probereports` shows the same objects."""

EPILOG = """\
examples:
  probewatch report                      the context's namespace
  probewatch report -A                   all namespaces
  probewatch report -n shop web          one workload (or deployment/web)
  probewatch report -A -o json           for programs
  kubectl probewatch report -n shop      the same, as a kubectl plugin

exit status:
  0  listed   1  the cluster cannot be read
  2  wrong usage, or nothing is recorded about the WORKLOAD"""

NOTHING = """\
Nothing is recorded in {place}{elsewhere}.
If the operator watches there and keeps records, no container of a pod with probes has restarted
since it started, and no such pod has lost its readiness.
If no operator runs, this says nothing. To see whether one does:
  kubectl get pods -A -l app.kubernetes.io/name=probewatch"""

ELSEWHERE = "; -A searches all namespaces, -n another one"

INCIDENTS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What to show, and the time that ages are counted to."""

    summaries: Sequence[Summary]
    now: float
    is_one: bool
    """Whether one workload was asked for."""
    place: str
    """The namespaces that were searched, in words."""
    is_everywhere: bool = False
    """Whether all namespaces were searched."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "workload", nargs="?", metavar="WORKLOAD", help="only this workload: NAME or KIND/NAME"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(*("-n", "--namespace"), metavar="NAMESPACE", help="default: the context's")
    place.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    add_cluster_flags(parser)


def main(args: argparse.Namespace) -> int:
    """Read and print; return the exit status."""
    log_little()
    view = run_on_best_loop(read(args))
    print(_RENDERERS[args.output](view))
    return 0


async def read(args: argparse.Namespace) -> View:
    """Return what to show of a cluster; raises ApiError, and InputError for an unknown workload."""
    clock = Clock()
    async with open_client(read_settings(args), clock) as client:
        namespace = "" if args.all_namespaces else args.namespace or client.namespace
        found = await read_summaries(client, namespace)
    place = f"the namespace {namespace}" if namespace else "any namespace"
    if args.workload:
        found = tuple(
            each for each in found if is_called(args.workload, kind=each.kind, name=each.name)
        )
        if not found:
            elsewhere = ELSEWHERE if namespace else ""
            raise InputError(f"nothing is recorded about {args.workload} in {place}{elsewhere}")
    return View(
        summaries=found,
        now=clock.now(),
        is_one=bool(args.workload),
        place=place,
        is_everywhere=not namespace,
    )


def render_tables(view: View) -> str:
    """Return a table of workloads, or everything about one."""
    if view.is_one:
        return "\n\n".join(_render_one(each, view.now) for each in view.summaries)
    shown = [each for each in view.summaries if not each.is_empty]
    if not shown:
        elsewhere = "" if view.is_everywhere else ELSEWHERE
        return NOTHING.format(place=view.place, elsewhere=elsewhere)
    heads = (
        *("NAMESPACE", "WORKLOAD", "RESTARTS", "CAUSES", "LOOPING"),
        *("LAST RESTART", "READINESS LOST", "NOT READY"),
    )
    return render_table(heads, [_row(each, view.now) for each in shown])


def render_json(view: View) -> str:
    """Return a list of objects, one for each workload."""
    return json.dumps([_render_object(each) for each in view.summaries], indent=1)


_RENDERERS = {"table": render_tables, "json": render_json}


def _row(summary: Summary, now: float) -> tuple[object, ...]:
    last = summary.last
    return (
        summary.namespace,
        f"{summary.kind}/{summary.name}",
        summary.restarts,
        render_causes(summary.causes),
        len(summary.loops) or None,
        f"{render_age(last.time, now)} ago, {last.cause}" if last else None,
        summary.losses or None,
        render_duration(summary.not_ready_seconds) if summary.not_ready_seconds else None,
    )


def _render_one(summary: Summary, now: float) -> str:
    restarts = _times(summary.restarts, "restart")
    sections = [
        render_line(f"{summary.kind}/{summary.name} in {summary.namespace}: {restarts}"),
        _totals_table(summary),
        _loops_table(summary, now),
        _readiness_line(summary),
        _incidents_table(summary, now),
    ]
    return "\n\n".join(section for section in sections if section)


def _totals_table(summary: Summary) -> str:
    rows = [(*key, count) for key, count in sorted(summary.totals.items()) if count]
    table = render_table(("CONTAINER", "CAUSE", "RESTARTS"), rows)
    return render_section("Restarts by cause", table) if rows else ""


def _loops_table(summary: Summary, now: float) -> str:
    rows = [
        (each.pod, each.container, each.cause, render_age(each.since, now))
        for each in summary.loops
    ]
    table = render_table(("POD", "CONTAINER", "CAUSE", "SINCE"), rows)
    return render_section("Restart loops", table) if rows else ""


def _readiness_line(summary: Summary) -> str:
    if not summary.losses:
        return ""
    seconds = render_duration(summary.not_ready_seconds)
    span = f", for {seconds} in all" if summary.not_ready_seconds else ""
    losses = _times(summary.losses, "time")
    return render_line(f"Readiness lost {losses}{span}: {render_causes(summary.reasons)}")


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _incidents_table(summary: Summary, now: float) -> str:
    rows = [
        (
            *(f"{render_age(each.time, now)} ago", each.pod, each.container, each.restart_count),
            *(each.cause, each.confidence, each.exit_code),
        )
        for each in summary.incidents[:INCIDENTS_SHOWN]
    ]
    heads = ("SEEN", "POD", "CONTAINER", "RESTART", "CAUSE", "CONFIDENCE", "EXIT CODE")
    hidden = len(summary.incidents) - INCIDENTS_SHOWN
    more = f"\n… and {hidden} older ones" if hidden > 0 else ""
    return render_section("Latest restarts", render_table(heads, rows)) + more if rows else ""


def render_age(time: str, now: float) -> str:
    """Return how long ago a time was; `?` for one that cannot be read."""
    at = parse_time(time)
    return "?" if at is None else render_duration(max(0.0, now - at))


def _render_object(summary: Summary) -> Mapping[str, object]:
    return {
        "namespace": summary.namespace,
        "kind": summary.kind,
        "name": summary.name,
        "restarts": summary.restarts,
        "totals": [
            {"container": container, "cause": cause, "restarts": count}
            for (container, cause), count in sorted(summary.totals.items())
        ],
        "readiness": {
            "losses": summary.losses,
            "notReadySeconds": summary.not_ready_seconds,
            "reasons": dict(summary.reasons),
        },
        "loops": msgspec.to_builtins(summary.loops),
        "incidents": msgspec.to_builtins(summary.incidents),
    }
