"""`probewatch explain`: what happened to one pod, with the evidence."""

import argparse
from collections.abc import Iterable

from probewatch.clock import Clock
from probewatch.commands.cluster import (
    add_cluster_flags,
    log_little,
    open_client,
    read_settings,
)
from probewatch.commands.explain_json import render_json
from probewatch.commands.live_pod import Judgement, LivePod, judge, read_pod
from probewatch.commands.probe_failures import count_failures
from probewatch.commands.render_explain import render_text
from probewatch.commands.report_read import Summary, read_summaries
from probewatch.commands.story import Story, find_advice
from probewatch.commands.workload_names import find_pod_name
from probewatch.core.findings import Restart
from probewatch.errors import ApiError, InputError, UsageError
from probewatch.kube.client import ApiClient
from probewatch.kube.parsing import IGNORE
from probewatch.kube.reports.objects import Incident, Loop
from probewatch.kube.times import parse_time
from probewatch.service.runtime import run_on_best_loop

DESCRIPTION = """\
Explain what happened to one pod: the state of its containers, which of them are in a restart
loop, how its probes failed lately, each recorded restart with its cause and evidence, and what
is wrong with its probes.

Records come from the operator. If the last restart of a container is not recorded, it is judged
from the pod, the kubelet's Events that are left, and the restarts that are recorded, which is less
than the operator knows."""

EPILOG = """\
examples:
  probewatch explain web-7d9f-x              a pod in the context's namespace
  probewatch explain web-7d9f-x -n shop
  probewatch explain web-7d9f-x -c app       one of its containers
  kubectl probewatch explain web-7d9f-x      the same, as a kubectl plugin

exit status:
  0  done   1  there is no such pod, or the cluster cannot be read
  2  wrong usage, or the pod has no such container"""

NOT_FOUND = 404

SAME_END_SECONDS = 5.0
"""How far the kubelet's and the runtime's times of one end may be apart."""

LESS = (
    "what is judged now rests on the pod, its Events and recorded restarts; the operator, which "
    "knows more, records its own verdict within a minute of the restart"
)
"""The note for a pod that an operator watches, whose verdict may be another one."""

_RENDERERS = {"text": render_text, "json": render_json}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("pod", metavar="POD", help="name of the pod; it may be gone already")
    parser.add_argument("-n", "--namespace", metavar="NAMESPACE", help="default: the context's")
    parser.add_argument("-c", "--container", metavar="NAME", help="only this container")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    add_cluster_flags(parser)


def main(args: argparse.Namespace) -> int:
    """Read and print; return the exit status."""
    log_little()
    story = run_on_best_loop(read(args))
    print(_RENDERERS[args.output](story))
    return 0


async def read(args: argparse.Namespace) -> Story:
    """Return all that is known about a pod, or its container; raises ApiError if it is nothing."""
    clock = Clock()
    name = _find_name(args.pod)
    async with open_client(read_settings(args), clock) as client:
        namespace = args.namespace or client.namespace
        live, missing = await _read_live(client, namespace, name)
        summary, note = await _read_records(client, namespace, name)
    incidents = [each for each in summary.incidents if each.pod == name] if summary else []
    if live is None and not incidents:
        raise _nothing_known(args, name, namespace) from missing
    if args.container:
        _check_container(args.container, name, live, incidents)
    told = judge(live, incidents, clock.now()) if live else Judgement()
    judged = [each for each in told.restarts if not _is_recorded(each, incidents)]
    story = Story(
        namespace=namespace,
        name=name,
        live=live,
        workload=f"{summary.kind}/{summary.name}" if summary else "",
        statuses=live.pod.statuses if live else (),
        failures=count_failures(live.evidence, live.pod.spec) if live else (),
        incidents=incidents,
        loops=[each for each in summary.loops if _is_of(each, name, live)] if summary else [],
        judged=judged,
        advice=find_advice(live, told.advice) if live else (),
        notes=_notes(live, note, LESS if judged and summary else ""),
        now=clock.now(),
    )
    return story.about(args.container) if args.container else story


def _nothing_known(args: argparse.Namespace, name: str, namespace: str) -> ApiError:
    elsewhere = "" if args.namespace else "; -n looks in another namespace"
    where = f"in the namespace {namespace}, and nothing recorded of one{elsewhere}"
    return ApiError(f"there is no pod {name} {where}", status=NOT_FOUND)


def _find_name(pod: str) -> str:
    name = find_pod_name(pod)
    if name == "":
        raise UsageError("the name of the pod is empty")
    if name is None:
        raise UsageError(f"{pod} is not a pod; for a workload use: probewatch report {pod}")
    return name


async def _read_live(
    client: ApiClient, namespace: str, name: str
) -> tuple[LivePod | None, ApiError | None]:
    try:
        return await read_pod(client, namespace, name), None
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        return None, error


async def _read_records(client: ApiClient, namespace: str, name: str) -> tuple[Summary | None, str]:
    """Return the records of the pod's workload, or None and why: they may be missing."""
    try:
        summaries = await read_summaries(client, namespace)
    except ApiError as error:
        is_missing = error.status == NOT_FOUND
        return None, str(error) if is_missing else f"the ProbeReports cannot be read: {error}"
    for each in summaries:
        if name in {*(one.pod for one in each.incidents), *(one.pod for one in each.loops)}:
            return each, ""
    return None, "no restart of this pod is recorded"


def _is_of(loop: Loop, name: str, live: LivePod | None) -> bool:
    """Whether a loop is this pod's, and not that of an earlier pod of the same name."""
    return loop.pod == name and (live is None or loop.uid in {"", live.pod.uid})


def _notes(live: LivePod | None, recorded: str, judged: str) -> tuple[str, ...]:
    """Return what is not known about the pod, and why.

    That there are no records is not noted of a pod that is not watched.
    """
    unwatched = _note_unwatched(live)
    return tuple(filter(None, (_note_unread_events(live), unwatched or recorded, judged)))


def _note_unwatched(live: LivePod | None) -> str:
    if live is None:
        return ""
    if live.pod.ignored:
        return f'the pod is not watched, by its annotation {IGNORE}: "true"'
    if not live.pod.spec.has_probes:
        return "the pod is not watched: none of its containers has a probe"
    return ""


def _note_unread_events(live: LivePod | None) -> str:
    error = live.events_error if live else None
    return f"the kubelet's Events cannot be read: {error}" if error else ""


def _check_container(name: str, pod: str, live: LivePod | None, known: Iterable[Incident]) -> None:
    """Raise InputError if the pod has no such container, and nothing is recorded about one."""
    statuses = [each.name for each in live.pod.statuses] if live else []
    specified = [each.name for each in live.pod.spec.containers] if live else []
    names = [*specified, *statuses, *(each.container for each in known)]
    if name in names:
        return
    others = ", ".join(dict.fromkeys(names))
    if live is None:
        raise InputError(
            f"nothing is recorded about a container {name} of pod {pod}; it is of: {others}"
        )
    raise InputError(f"pod {pod} has no container {name}; it has: {others}")


def _is_recorded(restart: Restart, incidents: Iterable[Incident]) -> bool:
    return any(_is_same(restart, each) for each in incidents)


def _is_same(restart: Restart, incident: Incident) -> bool:
    """Whether both are one restart; the count alone is not enough if the kubelet began anew."""
    named = (incident.uid, incident.container, incident.restart_count)
    if named != (restart.pod.uid, restart.container, restart.restart_count):
        return False
    ended, recorded = restart.finished_at, parse_time(incident.finished_at)
    return ended is None or recorded is None or abs(ended - recorded) <= SAME_END_SECONDS
