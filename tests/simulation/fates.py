"""What becomes of the processes of a container: drawn at the start of each instance."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

from probewatch.core.causes import Cause
from probewatch.core.spec import (
    Container,
    ContainerKind,
    HandlerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
    RestartRule,
)

RULE_CODE = 42
ALWAYS, ON_FAILURE, NEVER = RestartPolicy.ALWAYS, RestartPolicy.ON_FAILURE, RestartPolicy.NEVER


class End(Enum):
    """How an instance comes to its end, if nobody interferes."""

    HANG = "its liveness probe begins to fail and never stops"
    NEVER_STARTS = "its startup probe never succeeds"
    EXIT = "it exits by itself"
    SIGNAL = "somebody sends it a signal"
    OOM = "it needs too much memory"
    HOOK = "its postStart hook fails"
    BAD_START = "the runtime cannot start it"
    LIVES = "it runs on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """The end of one instance, and how its process behaves on the way."""

    end: End
    after: float
    """Seconds from its start until the end begins."""
    code: int = 0
    reason: str = "Error"
    obeys: float | None = 1.0
    """Seconds that it takes to stop on SIGTERM; `None` if it does not obey."""
    stop_code: int = 143
    """What it exits with on SIGTERM."""
    failures: int = 0
    """Single failures of a probe that have no consequence, on the way."""
    stale_oom: bool = False
    """A child of it was killed for memory: the runtime's flag sticks."""


@dataclass(slots=True, kw_only=True)
class Habit:
    """A container does most often the same."""

    container: Container
    usual: End
    code: int
    after: float
    obeys: float | None
    stop_code: int
    pulls: bool = field(default=False)
    """Whether its image is pulled anew for each start."""


ENDS: Mapping[End, int] = {
    End.HANG: 8,
    End.NEVER_STARTS: 4,
    End.EXIT: 4,
    End.SIGNAL: 2,
    End.OOM: 1,
    End.HOOK: 1,
    End.BAD_START: 1,
    End.LIVES: 1,
}
CODES = (1, 2, 0, 3, 137, 143, 139)


def draw_spec(random: Random) -> PodSpec:
    """Return a pod of one to three containers."""
    containers = [_draw_container(random, "app")]
    if random.random() < 0.25:
        containers.append(_draw_container(random, "side"))
    if random.random() < 0.1:
        sidecar = _draw_container(random, "proxy")
        containers.insert(
            0, replace(sidecar, kind=ContainerKind.SIDECAR, restart_policy=ALWAYS, restart_rules=())
        )
    if random.random() < 0.1:
        containers.insert(0, Container(name="init", kind=ContainerKind.INIT))
    if not any(container.probes for container in containers):
        containers[-1] = replace(containers[-1], readiness=_probe(random, ProbeType.READINESS))
    policy = random.choice((ALWAYS, ALWAYS, ALWAYS, ALWAYS, ON_FAILURE, NEVER))
    grace = random.choice((30.0, 30.0, 30.0, 5.0, 2.0, 120.0, 600.0))
    return PodSpec(containers=tuple(containers), restart_policy=policy, grace=grace)


def _draw_container(random: Random, name: str) -> Container:
    rules: tuple[RestartRule, ...] = ()
    if random.random() < 0.12:
        action = random.choice(("Restart", "RestartAllContainers"))
        codes = random.choice(((RULE_CODE,), (RULE_CODE, 137, 143)))
        rules = (RestartRule(action=action, operator="In", values=codes),)
    liveness = _probe(random, ProbeType.LIVENESS) if random.random() < 0.8 else None
    if liveness and random.random() < 0.1:
        liveness = replace(liveness, grace=random.choice((1.0, 10.0, 60.0)))
    return Container(
        name=name,
        liveness=liveness,
        startup=_probe(random, ProbeType.STARTUP) if random.random() < 0.35 else None,
        readiness=_probe(random, ProbeType.READINESS) if random.random() < 0.5 else None,
        restart_rules=rules,
        restart_policy=NEVER if rules and random.random() < 0.5 else None,
        has_post_start=random.random() < 0.1,
        image="v1",
    )


def _probe(random: Random, kind: ProbeType) -> Probe:
    threshold = random.choice((1, 3, 3, 3, 5))
    return Probe(
        probe_type=kind,
        handler=HandlerKind.HTTP_GET,
        period=random.choice((1.0, 5.0, 10.0, 10.0, 30.0)),
        initial_delay=random.choice((0.0, 0.0, 5.0, 30.0)),
        failure_threshold=10 if kind is ProbeType.STARTUP else threshold,
    )


def draw_habit(random: Random, container: Container) -> Habit:
    """Return what a container usually does."""
    return Habit(
        container=container,
        usual=draw_end(random, container),
        code=_code(random, container),
        after=random.choice((1.0, 5.0, 20.0, 60.0, 300.0, 1800.0)),
        obeys=random.choice((None, 0.2, 1.0, 1.0, 8.0, 40.0)),
        stop_code=random.choice((143, 143, 143, 0, 0, 1, 3)),
        pulls=random.random() < 0.2,
    )


def _code(random: Random, container: Container) -> int:
    return RULE_CODE if container.restart_rules and random.random() < 0.6 else random.choice(CODES)


def draw_end(random: Random, container: Container) -> End:
    """Return an end that the container's probes and hooks allow."""
    possible = {
        End.HANG: container.liveness is not None,
        End.NEVER_STARTS: container.startup is not None,
        End.HOOK: container.has_post_start,
    }
    ends = [end for end in ENDS if possible.get(end, True)]
    return random.choices(ends, [ENDS[end] for end in ends])[0]


def draw_fate(random: Random, habit: Habit) -> Fate:
    """Return the fate of the next instance: mostly the habit, with small differences."""
    usual = random.random() < 0.8
    end = habit.usual if usual else draw_end(random, habit.container)
    after = habit.after * random.uniform(0.95, 1.05)
    if not usual:
        after = random.choice((1.0, 20.0, 70.0, 300.0, 3600.0)) * random.uniform(0.9, 1.1)
    fate = Fate(
        end=end,
        after=after,
        obeys=habit.obeys,
        stop_code=habit.stop_code,
        failures=random.choice((0, 0, 0, 1, 2, 6)),
        stale_oom=end in {End.HANG, End.EXIT} and random.random() < 0.03,
    )
    if end is End.EXIT:
        return replace(fate, code=habit.code if usual else _code(random, habit.container))
    if end is End.SIGNAL:
        return replace(fate, code=random.choice((137, 143)))
    return replace(fate, code=137, reason="OOMKilled") if end is End.OOM else fate


def own_causes(fate: Fate, code: int) -> frozenset[Cause]:
    """Return the causes that are right for a death by its own doing, or by an outside signal."""
    if fate.end is End.OOM:
        return frozenset({Cause.OOM_KILLED})
    if fate.end is End.SIGNAL:
        return frozenset({Cause.SIGNAL})
    if code == 0:
        return frozenset({Cause.COMPLETED})
    # A process that exits with 137 of its own will is not told from one that was killed.
    either = frozenset({Cause.ERROR, Cause.SIGNAL})
    if code == 137 and fate.stale_oom:
        return either | {Cause.OOM_KILLED}  # all that there is to see is that of an OOM kill
    return either if code in {137, 143} else frozenset({Cause.ERROR})
