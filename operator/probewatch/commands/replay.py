"""`probewatch replay`: from a recorded stream to verdicts.

Every object takes the same path as in the operator: the same decoder, the same
parsing, the same store. Only the clock is the recording's.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from probewatch.commands import outcome, render_replay, stream, truth
from probewatch.commands.lines import render_line
from probewatch.commands.outcome import Ledger, Outcome
from probewatch.commands.rise import CountRise
from probewatch.commands.stream import Kind, LineType, Record, StreamError
from probewatch.commands.truth import Accuracy
from probewatch.commands.virtual_time import VirtualTime
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved, Observation, PodGone, PodObserved
from probewatch.core.policy import Policy
from probewatch.kube import event_objects, objects, testimony
from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.snapshot import parse_pod
from probewatch.store import Store
from probewatch.tracking.tombstones import Tombstones

DESCRIPTION = """\
Read recorded streams of Pods and Events, and print why each container restarted.

Each line of a file is {"receivedAt": RFC 3339, "type": "ADDED|MODIFIED|DELETED|BOOKMARK|ERROR",
"object": {...}} in order of arrival, as `probewatch record` writes it, plain or gzip-compressed.
Several files are merged by time of arrival; `-` reads standard input."""

EPILOG = """\
examples:
  probewatch replay incident.jsonl.gz                    tables
  probewatch replay incident.jsonl.gz --output text      with the evidence
  probewatch replay pods.jsonl events.jsonl -o json      for programs
  probewatch record - --duration 5m | probewatch replay -

If the last line is cut off, because the recorder was killed or lost power, it is left out and
standard error says so.

exit status:
  0  the streams were read
  1  with --truth: a wrong cause was named with confidence Confirmed or High
  2  a file is missing or invalid (the message names file and line)"""


NO_PODS = "no pod was recorded, so the recording does not show whether anything restarted"
"""A warning: the ledger balances without any pod, and would be taken for good news."""

_PODS = msgspec.json.Decoder(objects.Pod)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="recorded stream, `-` for stdin")
    parser.add_argument(
        *("-o", "--output"),
        choices=("table", "text", "json"),
        default="table",
        help="table (default), text with the evidence of each restart, or one JSON object",
    )
    parser.add_argument(
        "--truth",
        metavar="FILE",
        help='known causes, {"pods": {POD: {CONTAINER: [CAUSE, ...]}}}, or by restart count, '
        '{CONTAINER: {"1": [CAUSE, ...]}}: also print how many verdicts are right, and which are '
        "not (the first 20; all of them as JSON)",
    )


def main(args: argparse.Namespace) -> int:
    """Replay the files and print what was found; return the exit status."""
    known = truth.read_truth(args.truth) if args.truth else None
    remarks: list[str] = []
    kinds = Counter[Kind]()
    records = stream.read_streams(args.files, remarks.append)
    found, ledger = replay(_counted(records, kinds))
    accuracy = None if known is None else truth.judge(found.restarts, known)
    print(_render(args.output, found, ledger, accuracy))
    _remark(remarks, kinds)
    if accuracy is None:
        return 0
    # Standard output stays one JSON object where JSON was asked for.
    print(
        render_replay.render_accuracy(accuracy),
        file=sys.stderr if args.output == "json" else sys.stdout,
    )
    return 0 if accuracy.is_trustworthy else 1


def _counted(records: Iterable[Record], kinds: "Counter[Kind]") -> Iterator[Record]:
    for record in records:
        kinds[record.kind] += 1
        yield record


def _remark(remarks: Iterable[str], kinds: "Counter[Kind]") -> None:
    """Print what was left out to standard error, so that JSON output stays JSON."""
    warnings = () if kinds[Kind.POD] else (NO_PODS,)
    for each in (*remarks, *warnings):
        print(f"probewatch: {render_line(each)}", file=sys.stderr)


def replay(records: Iterable[Record]) -> tuple[Outcome, Ledger]:
    """Run the records through a store; return the findings, and the ledger that checks them."""
    found, shown = Outcome(), _Shown()
    clock = VirtualTime(Store(lambda _pod: Policy()))
    for record in records:
        found.add(clock.run_to(record.received_at))
        for observation in _observations(record, shown):
            found.add(clock.feed(observation))
    found.add(clock.run_out())
    return found, found.ledger(shown.rise.total)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The pods that the recording has shown so far, those deleted, and the rise of counts."""

    rise: CountRise = field(default_factory=CountRise)
    known: set[PodUid] = field(default_factory=set)
    gone: Tombstones = field(default_factory=Tombstones)


def _observations(record: Record, shown: _Shown) -> tuple[Observation, ...]:
    try:
        return _READERS[record.kind](record, shown)
    except BROKEN as error:
        raise StreamError(f"{record.place}: not a {record.kind}: {error}") from error


def _read_pod(record: Record, shown: _Shown) -> tuple[Observation, ...]:
    """Return the observations from one version of a pod.

    A known pod that is ADDED again comes from a new list: changes before it may be missing.
    The version at deletion is observed too, since it may show a last restart. Older versions
    that arrive after it are ignored, such as those from a second watch that lags behind.
    """
    shown.rise.add(record.object)
    pod = parse_pod(_PODS.decode(record.object))
    if shown.gone.covers(pod.uid, pod.resource_version):
        return ()
    relisted = record.type is LineType.ADDED and pod.uid in shown.known
    shown.known.add(pod.uid)
    seen = PodObserved(pod=pod, relisted=relisted)
    if record.type is not LineType.DELETED:
        return (seen,)
    shown.gone.add(pod.uid, pod.resource_version)
    return seen, PodGone(uid=pod.uid)


def _read_event(record: Record, _shown: _Shown) -> tuple[Observation, ...]:
    """Return the evidence in an Event; DELETED only means that the Event expired."""
    if record.type is LineType.DELETED:
        return ()
    evidence = testimony.parse_evidence(event_objects.read_event(record.object))
    return () if evidence is None else (EvidenceObserved(evidence=evidence),)


def _read_nothing(_record: Record, _shown: _Shown) -> tuple[Observation, ...]:
    return ()


_Reader = Callable[[Record, _Shown], tuple[Observation, ...]]

_READERS: Mapping[Kind, _Reader] = {
    Kind.POD: _read_pod,
    Kind.EVENT: _read_event,
    Kind.NONE: _read_nothing,
}


def _render(output: str, found: Outcome, ledger: Ledger, accuracy: Accuracy | None) -> str:
    match output:
        case "json":
            judged = {} if accuracy is None else {"accuracy": truth.render_json(accuracy)}
            return json.dumps(outcome.render_json(found, ledger) | judged, indent=1)
        case "text":
            return render_replay.render_text(found, ledger)
        case _:
            return render_replay.render_tables(found, ledger)
