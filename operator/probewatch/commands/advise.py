"""`probewatch advise`: checks the settings of probes, in manifests or in a running cluster."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence

from probewatch.clock import Clock
from probewatch.commands.cluster import (
    add_cluster_flags,
    log_little,
    open_client,
    read_settings,
)
from probewatch.commands.lines import render_lines
from probewatch.commands.live_specs import find_one, read_live
from probewatch.commands.manifests import Template, read_manifests
from probewatch.core.advice import AdviceItem, lint
from probewatch.errors import InputError, UsageError
from probewatch.service.runtime import run_on_best_loop

DESCRIPTION = """\
Check the probes of manifests (-f), or of running workloads: whether their settings leave enough
time, and where they lead to trouble. The rules follow the kubelet's own timing;
docs/causes.md and docs/metrics.md describe what the operator finds out by watching.

Manifests are checked without a cluster, so this can be part of a build: --strict exits with
status 1 if there is advice."""

EPILOG = """\
examples:
  probewatch advise -f deploy.yaml              one file, all its documents
  probewatch advise -f manifests/ --strict      status 1 if there is advice
  helm template ./chart | probewatch advise -f -
  probewatch advise -n shop                     the workloads of a namespace
  probewatch advise -n shop deployment/web      one workload
  probewatch advise -A -o json                  the whole cluster, for programs

exit status:
  0  done   1  the cluster cannot be read; with --strict: there is advice
  2  wrong usage, a manifest cannot be read or contains no object,
     or there is no such WORKLOAD"""

NOTHING = "No advice: {count} pod template{s} with {probes} probe{t} judged."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "workload", nargs="?", metavar="WORKLOAD", help="only this workload: NAME or KIND/NAME"
    )
    parser.add_argument(
        *("-f", "--filename"),
        action="append",
        metavar="FILE",
        help="manifest to check: a file, a folder, or `-`; repeatable; not with -n, -A or -l",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(*("-n", "--namespace"), metavar="NAMESPACE", help="default: the context's")
    place.add_argument(
        *("-A", "--all-namespaces"), action="store_true", help="the workloads of all namespaces"
    )
    parser.add_argument("-l", "--selector", default="", metavar="LABELS", help="only these pods")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there is advice")
    add_cluster_flags(parser)


def main(args: argparse.Namespace) -> int:
    """Judge and print; return the exit status."""
    if args.filename:
        _refuse_selection(args)
        templates = tuple(read_manifests(args.filename))
    else:
        log_little()
        templates = run_on_best_loop(read_cluster(args))
    if args.workload:
        templates = tuple(find_one(templates, args.workload))
        if not templates:
            raise InputError(f"there is no {args.workload} with probes {_place(args)}")
    advice = [(template, item) for template in templates for item in lint(template.spec)]
    print(_RENDERERS[args.output](templates, advice))
    return 1 if advice and args.strict else 0


def _refuse_selection(args: argparse.Namespace) -> None:
    """Raise UsageError for flags that select running workloads.

    Manifests often name no namespace and no labels that could be compared: that of a Helm release
    is only known to Helm. To ignore the flags would check more, or less, than was asked for.
    """
    given = {"-n": args.namespace, "-A": args.all_namespaces, "-l": args.selector}
    for flag in (flag for flag, value in given.items() if value):
        raise UsageError(
            f"{flag} selects running workloads, but with -f manifests are checked: all of them, "
            "or one WORKLOAD"
        )


def _place(args: argparse.Namespace) -> str:
    if args.filename:
        return f"in {', '.join(args.filename)}"
    if args.all_namespaces:
        return "in any namespace"
    return f"in the namespace {args.namespace}" if args.namespace else "in this namespace"


async def read_cluster(args: argparse.Namespace) -> tuple[Template, ...]:
    """Return the pod templates of the workloads that run in a cluster; raises ApiError."""
    clock = Clock()
    async with open_client(read_settings(args), clock) as client:
        namespace = "" if args.all_namespaces else args.namespace or client.namespace
        return await read_live(client, namespace=namespace, selector=args.selector, clock=clock)


Advice = Sequence[tuple[Template, AdviceItem]]


def render_text(templates: Sequence[Template], advice: Advice) -> str:
    """Return the advice, grouped by pod template."""
    if not advice:
        return _render_nothing(templates)
    blocks: dict[str, list[str]] = {}
    for template, item in advice:
        lines = blocks.setdefault(_head(template), [])
        lines.append(f"  {item.container} {item.probe_type}: {item.finding}")
        lines.append(f"    {item.message}")
    return "\n\n".join(render_lines((head, *lines)) for head, lines in blocks.items())


def render_json(_templates: Sequence[Template], advice: Advice) -> str:
    """Return a list of objects, one for each piece of advice."""
    return json.dumps([_render_item(template, item) for template, item in advice], indent=1)


_RENDERERS = {"text": render_text, "json": render_json}


def _head(template: Template) -> str:
    place = f"{template.namespace}/" if template.namespace else ""
    source = f" ({template.source})" if template.source else ""
    return f"{place}{template.kind}/{template.name}{source}"


def _render_item(template: Template, item: AdviceItem) -> Mapping[str, str]:
    return {
        "source": template.source,
        "namespace": template.namespace,
        "kind": template.kind,
        "name": template.name,
        "container": item.container,
        "probeType": item.probe_type,
        "finding": item.finding,
        "message": item.message,
    }


def _render_nothing(templates: Sequence[Template]) -> str:
    count, probes = len(templates), _count_probes(templates)
    return NOTHING.format(
        count=count, s="" if count == 1 else "s", probes=probes, t="" if probes == 1 else "s"
    )


def _count_probes(templates: Iterable[Template]) -> int:
    return sum(len(each.probes) for template in templates for each in template.spec.containers)
