"""What a sync of a pod has to do: which containers to kill, and which to start. Pure.

Both are decided on one snapshot, taken *before* the kills. So a container that is killed
for its probe is started again in the same sync, and its back-off is computed from the
instance before the killed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from probewatch.playground.kubelet.containers import Seen
from probewatch.playground.kubelet.probes import ProbeType
from probewatch.playground.kubelet.specs import ContainerSpec, RestartPolicy, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A running container that has to be stopped, and why."""

    name: str
    message: str
    probe: ProbeType | None = None
    """The probe that failed, which may have a grace period of its own."""
    restarts: bool = False
    """Whether the container is started again in the same sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do: first the kills, then the starts, each in order."""

    kills: tuple[Kill, ...] = ()
    starts: tuple[str, ...] = ()
    ends: bool = False
    """Nothing is left to run: what still runs is stopped, and the pod is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The current verdicts of probes, by container ID; absent if there is none yet."""

    liveness: Mapping[str, bool]
    startup: Mapping[str, bool]

    def failed(self, container_id: str) -> ProbeType | None:
        """Return the probe that has failed for that instance, if one has."""
        if self.liveness.get(container_id) is False:
            return ProbeType.LIVENESS
        if self.startup.get(container_id) is False:
            return ProbeType.STARTUP
        return None


def make_plan(seen: tuple[Seen, ...], verdicts: Verdicts) -> Plan:
    """Return what has to be done to bring a pod to its desired state."""
    inits = [item for item in seen if item.spec.role is not Role.REGULAR]
    others = [item for item in seen if item.spec.role is Role.REGULAR]
    initialized = any(item.instance and not item.is_stale for item in others)
    before = _plan_inits(inits, verdicts, initialized=initialized)
    if before.ends or not (initialized or _are_inits_done(inits, verdicts)):
        return before
    return _join(before, _plan_regular(others, verdicts))


def _join(before: Plan, after: Plan) -> Plan:
    if after.ends:
        return after
    return Plan(kills=before.kills + after.kills, starts=before.starts + after.starts)


def _plan_regular(seen: list[Seen], verdicts: Verdicts) -> Plan:
    kills: list[Kill] = []
    starts: list[str] = []
    kept = 0
    for item in seen:
        if not item.is_running:
            if must_start(item):
                starts.append(item.spec.name)
            continue
        kill = _find_kill(item, verdicts)
        if kill is None:
            kept += 1
            continue
        kills.append(kill)
        if kill.restarts:
            starts.append(item.spec.name)
    if not kept and not starts:
        return Plan(ends=True)
    return Plan(kills=tuple(kills), starts=tuple(starts))


def must_start(item: Seen) -> bool:
    """Whether a container that does not run has to be started (again)."""
    if item.instance is None or item.exit is None:
        return item.instance is None
    if item.is_stale and item.spec.role is Role.INIT:
        return item.spec.restart_policy is not RestartPolicy.NEVER
    match item.spec.restart_policy:
        case RestartPolicy.ALWAYS:
            return True
        case RestartPolicy.ON_FAILURE:
            return item.exit.code != 0
        case RestartPolicy.NEVER:
            return False


def _find_kill(item: Seen, verdicts: Verdicts) -> Kill | None:
    """Return why a running regular container has to end, None if it may stay."""
    spec, instance = item.spec, item.instance
    if instance is None:
        return None
    if instance.image != spec.image:
        message = f"Container {spec.name} definition changed, will be restarted"
        return Kill(name=spec.name, message=message, restarts=True)
    probe = verdicts.failed(instance.container_id)
    if probe is None:
        return None
    message = f"Container {spec.name} failed {probe.lower()} probe"
    restarts = spec.restart_policy is not RestartPolicy.NEVER
    if restarts:
        message += ", will be restarted"
    return Kill(name=spec.name, message=message, probe=probe, restarts=restarts)


def _plan_inits(seen: list[Seen], verdicts: Verdicts, *, initialized: bool) -> Plan:
    """Run init containers one after the other; keep sidecars running as long as the pod does."""
    kills: list[Kill] = []
    starts: list[str] = []
    for item in seen:
        if item.spec.role is Role.SIDECAR:
            _plan_sidecar(item, verdicts, kills, starts)
        elif not initialized and not item.is_running and not _is_done(item):
            if not must_start(item):
                return Plan(ends=True)
            starts.append(item.spec.name)
        if not initialized and not _is_passed(item, verdicts):
            break
    return Plan(kills=tuple(kills), starts=tuple(starts))


def _plan_sidecar(item: Seen, verdicts: Verdicts, kills: list[Kill], starts: list[str]) -> None:
    if not item.is_running:
        starts.append(item.spec.name)
        return
    instance = item.instance
    probe = verdicts.failed(instance.container_id) if instance else None
    if probe is not None:
        name = item.spec.name
        # A sidecar is always restarted, but the kubelet's message does not say so.
        message = f"Init container {name} failed {probe.lower()} probe"
        kills.append(Kill(name=name, message=message, probe=probe, restarts=True))
        starts.append(name)


def _are_inits_done(inits: list[Seen], verdicts: Verdicts) -> bool:
    """Whether the regular containers may start."""
    return all(_is_passed(item, verdicts) for item in inits)


def _is_passed(item: Seen, verdicts: Verdicts) -> bool:
    """Whether the containers after this init container or sidecar may start."""
    if item.spec.role is Role.SIDECAR:
        return item.is_running and is_started(item, verdicts.startup)
    return _is_done(item)


def _is_done(item: Seen) -> bool:
    return item.exit is not None and item.exit.code == 0 and not item.is_stale


def is_started(item: Seen, startup: Mapping[str, bool]) -> bool:
    """Whether a running container has passed its startup probe, if it has one."""
    if item.instance is None:
        return False
    return not has_startup(item.spec) or startup.get(item.instance.container_id, False)


def has_startup(spec: ContainerSpec) -> bool:
    """Whether the container has a startup probe."""
    return spec.probe(ProbeType.STARTUP) is not None
