"""Stops a container: the Event, the preStop hook, SIGTERM, and SIGKILL after the grace period."""

import asyncio

from probewatch.playground.kubelet.containers import Instance, Process, Record
from probewatch.playground.kubelet.plan import Kill
from probewatch.playground.kubelet.probes import (
    Action,
    Exec,
    Outcome,
    ProbeSpec,
    ProbeType,
    Result,
    Sleep,
    Unsupported,
)
from probewatch.playground.kubelet.services import Services
from probewatch.playground.kubelet.specs import ContainerSpec, PodSpec


def find_grace(pod: PodSpec, container: ContainerSpec, probe: ProbeType | None) -> float:
    """Return the grace period in seconds: the deletion's, else the probe's, else the pod's."""
    if pod.deletion_grace is not None:
        return pod.deletion_grace
    spec = container.probe(probe) if probe else None
    return spec.grace if spec and spec.grace is not None else pod.grace


async def kill(
    services: Services, pod: PodSpec, record: Record, order: Kill, *, address: str
) -> None:
    """Stop the running instance of *record*; return when it is dead."""
    instance = record.current
    if instance is None or instance.exit is not None or instance.process is None:
        return
    container = record.spec
    services.events.normal(pod, container, "Killing", order.message)
    grace = find_grace(pod, container, order.probe)
    began = services.clock.monotonic()
    if container.pre_stop and grace > 0:
        await _pre_stop(services, pod, record, address=address, seconds=grace)
    left = grace - (services.clock.monotonic() - began)
    await instance.process.stop(max(left, services.shortest_grace))


async def _pre_stop(
    services: Services, pod: PodSpec, record: Record, *, address: str, seconds: float
) -> None:
    hook, instance = record.spec.pre_stop, record.current
    if hook is None or instance is None:
        return
    outcome = await run_hook(services, hook, instance, address=address, seconds=seconds)
    if outcome.result is not Result.SUCCESS:
        services.events.warn(pod, record.spec, "FailedPreStopHook", "PreStopHook failed")


async def run_hook(
    services: Services, hook: Action, instance: Instance, *, address: str, seconds: float
) -> Outcome:
    """Run a lifecycle hook for at most *seconds*."""
    process = instance.process
    match hook:
        case Sleep(seconds=wanted):
            await services.clock.sleep(min(wanted, seconds))
            return Outcome(result=Result.SUCCESS)
        case Exec(command=command) if process:
            return await process.execute(command, seconds)
        case Unsupported():
            return Outcome(result=Result.SUCCESS)
        case _:
            return await _run_as_probe(services, hook, process, address=address, seconds=seconds)


async def _run_as_probe(
    services: Services, hook: Action, process: Process | None, *, address: str, seconds: float
) -> Outcome:
    """Run a hook over HTTP or TCP, which is the same as a probe."""
    spec = ProbeSpec(type=ProbeType.READINESS, action=hook, timeout=max(1, int(seconds)))
    return await services.prober.probe(spec, address=address, process=process)


async def end_all(
    services: Services, pod: PodSpec, records: tuple[Record, ...], *, address: str
) -> None:
    """Stop all containers of a pod at once: it was deleted, or has nothing left to run."""
    async with asyncio.TaskGroup() as group:
        for record in records:
            stop = Kill(name=record.spec.name, message=f"Stopping container {record.spec.name}")
            group.create_task(kill(services, pod, record, stop, address=address))
