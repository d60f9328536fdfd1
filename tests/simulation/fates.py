"""How the instances of a container end: drawn at random when each of them starts."""

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
    """How an instance ends if nothing else happens to it."""

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
    """How one instance ends, and how its process behaves until then."""

    end: End
    after: float
    """Seconds from its start until it ends, or until its probe begins to fail."""
    code: int = 0
    reason: str = "Error"
    obeys: float | None = 1.0
    """Seconds from SIGTERM to its exit; `None` if it ignores SIGTERM."""
    stop_code: int = 143
    """Its exit code after SIGTERM."""
    failures: int = 0
    """The number of single probe failures that have no consequence."""
    stale_oom: bool = False
    """A child process was OOM-killed, and the runtime reports that also for its own end."""


@dataclass(slots=True, kw_only=True)
class Habit:
    """What a container does most of the time."""

    container: Container
    usual: End
    code: int
    after: float
    obeys: float | None
    stop_code: int
    pulls: bool = field(default=False)
    """Whether its image is pulled at each start."""


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
    """Return a habit for the container."""
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
    """Return an end that is possible with the container's probes and hooks."""
    possible = {
        End.HANG: container.liveness is not None,
        End.NEVER_STARTS: container.startup is not None,
        End.HOOK: container.has_post_start,
    }
    ends = [end for end in ENDS if possible.get(end, True)]
    return random.choices(ends, [ENDS[end] for end in ends])[0]


def draw_fate(random: Random, habit: Habit) -> Fate:
    """Return the fate of the next instance: mostly the habit, with small variations."""
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
    """Return the causes that are right for an exit by itself, or by a foreign signal."""
    if fate.end is End.OOM:
        return frozenset({Cause.OOM_KILLED})
    if fate.end is End.SIGNAL:
        return frozenset({Cause.SIGNAL})
    if code == 0:
        return frozenset({Cause.COMPLETED})
    # An exit with code 137 looks the same as a kill by SIGKILL.
    either = frozenset({Cause.ERROR, Cause.SIGNAL})
    if code == 137 and fate.stale_oom:
        return either | {Cause.OOM_KILLED}  # it cannot be told from an OOM kill
    return either if code in {137, 143} else frozenset({Cause.ERROR})
