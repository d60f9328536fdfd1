"""Measures the accuracy of a replay where the true causes are known.

A truth file names, for each pod and container of a recording, the causes that are
right for every restart of it, `{"pods": {pod: {container: [cause, ...]}}}`, or for
each one by its count, `{container: {"1": [cause, ...], "2": ...}}`. What is not named
of a named pod must not restart at all. Pods that the file does not name are not judged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from probewatch.commands.outcome import Json, render_restart
from probewatch.commands.stream import StreamError
from probewatch.core.causes import Cause, Confidence
from probewatch.core.findings import Restart
from probewatch.kube.objects import BROKEN

Causes = frozenset[Cause]
Truth = Mapping[str, Mapping[str, Causes | Mapping[int, Causes]]]

_SURE = frozenset({Confidence.CONFIRMED, Confidence.HIGH})
_NO_VERDICT = frozenset({Cause.UNKNOWN, Cause.UNOBSERVED})


class _File(msgspec.Struct):
    pods: dict[str, dict[str, Causes | dict[int, Causes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A restart whose verdict is not among the true causes."""

    restart: Restart
    true_causes: Causes

    @property
    def is_verdict(self) -> bool:
        """Whether a wrong cause was named, rather than none."""
        return self.restart.cause not in _NO_VERDICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The verdicts of a recording compared with the truth."""

    total: int
    mistakes: tuple[Mistake, ...]

    @property
    def right(self) -> int:
        """Restarts whose verdict is a true cause."""
        return self.total - len(self.mistakes)

    @property
    def share(self) -> float:
        """Right restarts of all, between 0 and 1; 1 where there were none."""
        return self.right / self.total if self.total else 1.0

    @property
    def without_verdict(self) -> int:
        """Restarts left at `Unknown` or `Unobserved` although something better is true."""
        return sum(not mistake.is_verdict for mistake in self.mistakes)

    @property
    def wrong(self) -> Mapping[Confidence, int]:
        """How many wrong causes were named with each confidence."""
        named = Counter(each.restart.confidence for each in self.mistakes if each.is_verdict)
        return {confidence: named[confidence] for confidence in Confidence}

    @property
    def is_trustworthy(self) -> bool:
        """Whether no wrong cause was named with confidence `Confirmed` or `High`."""
        return not any(self.wrong[confidence] for confidence in _SURE)


def render_json(accuracy: Accuracy) -> Json:
    """Return the part of `replay --output json` that says how right the verdicts are."""
    return {
        "restarts": accuracy.total,
        "right": accuracy.right,
        "wrong": dict(accuracy.wrong),
        "withoutVerdict": accuracy.without_verdict,
        "mistakes": [
            render_restart(each.restart) | {"trueCauses": sorted(each.true_causes)}
            for each in accuracy.mistakes
        ],
    }


def read_truth(path: str) -> Truth:
    """Return the truth in a file; raises StreamError, with what is wrong with it."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_File).pods
    except BROKEN as error:
        raise StreamError(f"{path}: not a truth file: {error}") from error
    except OSError as error:
        raise StreamError(f"{path}: {error.strerror or error}") from error


def judge(restarts: Iterable[Restart], truth: Truth) -> Accuracy:
    """Compare every restart of the pods that the truth names with it."""
    judged = [restart for restart in restarts if restart.pod.name in truth]
    mistakes = (
        Mistake(restart=restart, true_causes=true_causes(restart, truth)) for restart in judged
    )
    wrong = (each for each in mistakes if each.restart.cause not in each.true_causes)
    return Accuracy(total=len(judged), mistakes=tuple(wrong))


def true_causes(restart: Restart, truth: Truth) -> Causes:
    """Return the causes that are right for a restart of a pod that the truth names."""
    known = truth[restart.pod.name].get(restart.container, frozenset[Cause]())
    return known if isinstance(known, frozenset) else known.get(restart.restart_count, frozenset())
