"""Starts a container: the back-off, the image, the process, and the postStart hook."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from probewatch.playground.images import UnknownImageError, find_command
from probewatch.playground.kubelet.containers import Exit, Instance, Record, Seen, Waiting
from probewatch.playground.kubelet.env import expand, make_env
from probewatch.playground.kubelet.killing import kill, run_hook
from probewatch.playground.kubelet.plan import Kill
from probewatch.playground.kubelet.probes import Exec, Result
from probewatch.playground.kubelet.services import Services
from probewatch.playground.kubelet.specs import ContainerSpec, PodSpec
from probewatch.playground.processes.runtime import Launch, StartError

HOOK_SECONDS = 600.0
"""The limit of a postStart hook; the kubelet's own limit on exec."""
SOON_SECONDS = 1.0
"""The time until the next sync after a failed start."""
START_ERROR_CODE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the containers of a pod are started: its address and its sandbox."""

    pod: PodSpec
    address: str
    sandbox: int
    on_exit: Callable[[], None]


class Starter:
    """Starts containers; each `start` returns the seconds after which to try again, or None."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._events = services.events
        self._starting: asyncio.Task[None] | None = None
        self._refused: dict[str, float] = {}
        """When a pull last failed, by pod and image."""

    async def start(self, place: Place, record: Record, seen: Seen) -> float | None:
        """Start the container unless it is in back-off, as computed from the snapshot *seen*."""
        wait = self._crash_wait(place.pod, record, seen)
        if wait is not None:
            return wait
        try:
            command = find_command(record.spec, self._services.images)
        except UnknownImageError as error:
            return self._refuse_image(place.pod, record, str(error))
        self._report_image(place.pod, record.spec)
        return await self._run(place, record, command)

    def _crash_wait(self, pod: PodSpec, record: Record, seen: Seen) -> float | None:
        if seen.newest_dead is None:
            return None
        name, backoff = record.spec.name, self._services.crash_backoff
        key = f"{pod.uid}/{name}/{record.spec.image}"
        now, finished = self._services.clock.now(), seen.newest_dead[1].finished
        left = backoff.remaining(key, finished=finished, now=now)
        if not left:
            backoff.advance(key, finished=finished, now=now)
            return None
        text = f"Back-off restarting failed container {name} in pod {pod.full_name}"
        self._events.warn(pod, record.spec, "BackOff", text)
        wait = render_duration(backoff.wait_of(key))
        text = f"back-off {wait} restarting failed container={name} pod={pod.full_name}"
        return _hold(record, Waiting(reason="CrashLoopBackOff", message=text), left)

    def _refuse_image(self, pod: PodSpec, record: Record, why: str) -> float:
        """Report a failed image pull, with the kubelet's image pull back-off."""
        spec, backoff, now = record.spec, self._services.pull_backoff, self._services.clock.now()
        key = f"{pod.uid}/{spec.image}"
        left = backoff.remaining(key, finished=self._refused.get(key, now), now=now)
        if left:
            text = f'Back-off pulling image "{spec.image}"'
            self._events.normal(pod, spec, "BackOff", text)
            self._events.warn(pod, spec, "Failed", "Error: ImagePullBackOff")
            return _hold(record, Waiting(reason="ImagePullBackOff", message=text), left)
        self._events.normal(pod, spec, "Pulling", f'Pulling image "{spec.image}"')
        text = f'Failed to pull image "{spec.image}": {why}'
        self._events.warn(pod, spec, "Failed", text)
        self._events.warn(pod, spec, "Failed", "Error: ErrImagePull")
        record.waiting = Waiting(reason="ErrImagePull", message=why)
        backoff.advance(key, finished=now, now=now)
        self._refused[key] = now
        return SOON_SECONDS

    def _report_image(self, pod: PodSpec, spec: ContainerSpec) -> None:
        image = f'image "{spec.image}"'
        if spec.pull_always:
            self._events.normal(pod, spec, "Pulling", f"Pulling {image}")
            text = f"Successfully pulled {image} in 1ms (1ms including waiting)"
            self._events.normal(pod, spec, "Pulled", f"{text}. Image size: 0 bytes.")
            return
        text = f"Container {image} already present on machine and can be accessed by the pod"
        self._events.normal(pod, spec, "Pulled", text)

    async def _run(self, place: Place, record: Record, command: tuple[str, ...]) -> float | None:
        spec = record.spec
        instance = Instance(
            container_id=f"containerd://{secrets.token_hex(32)}",
            image=spec.image,
            restart_count=record.next_restart_count,
            started=0.0,
            sandbox=place.sandbox,
        )
        self._events.normal(place.pod, spec, "Created", "Container created")
        # Shielded: the runtime goes on without the kubelet, and what it starts must be known.
        launch = self._launch(place, spec, command)
        self._starting = asyncio.create_task(self._begin(record, instance, launch))
        await asyncio.shield(self._starting)
        if instance.failure is not None:
            self._events.warn(place.pod, spec, "Failed", f"Error: {instance.failure.message}")
            return SOON_SECONDS
        self._events.normal(place.pod, spec, "Started", "Container started")
        return await self._post_start(place, record, instance)

    async def _begin(self, record: Record, instance: Instance, launch: Launch) -> None:
        """Start the process; an instance that was created but cannot run is a restart too."""
        waiting = None
        try:
            instance.process = await self._services.runtime.start(launch)
            instance.started = self._services.clock.now()
        except StartError as error:
            now, why = self._services.clock.now(), str(error)
            instance.failure = Exit(
                code=START_ERROR_CODE, reason="StartError", finished=now, message=why
            )
            waiting = Waiting(reason="RunContainerError", message=why)
        record.begin(instance)
        record.waiting = waiting

    async def settle(self) -> None:
        """Wait for a start that is still under way after its sync was cancelled."""
        if self._starting is not None:
            await asyncio.wait({self._starting})

    def _launch(self, place: Place, spec: ContainerSpec, command: tuple[str, ...]) -> Launch:
        node = (self._services.node, self._services.node_ip)
        own = make_env(place.pod, spec, address=place.address, node=node)
        env = {**self._services.env, **own}
        return Launch(
            command=tuple(expand(word, env) for word in command),
            env=env,
            working_dir=spec.working_dir,
            pod_uid=place.pod.uid,
            memory_limit=spec.memory_limit,
            on_exit=place.on_exit,
        )

    async def _post_start(self, place: Place, record: Record, instance: Instance) -> float | None:
        hook, pod = record.spec.post_start, place.pod
        if hook is None:
            return None
        outcome = await run_hook(
            self._services, hook, instance, address=place.address, seconds=HOOK_SECONDS
        )
        if outcome.result is Result.SUCCESS:
            return None
        self._events.warn(pod, record.spec, "FailedPostStartHook", "PostStartHook failed")
        name = record.spec.name
        order = Kill(name=name, message="FailedPostStartHook")
        await kill(self._services, pod, record, order, address=place.address)
        what = f"[{' '.join(hook.command)}]" if isinstance(hook, Exec) else "[]"
        text = (
            f'Exec lifecycle hook ({what}) for Container "{name}" in Pod "{pod.full_name}" failed'
        )
        message = f'{text} - error: {outcome.output or "command failed"}, message: ""'
        record.waiting = Waiting(reason="PostStartHookError", message=message)
        return SOON_SECONDS


def _hold(record: Record, waiting: Waiting, left: float) -> float:
    """Record why a container waits; return the seconds until the next sync."""
    is_new = record.waiting is None or record.waiting.reason != waiting.reason
    record.waiting = waiting
    # Only the next sync shows the wait in the status, so the first one comes soon.
    return min(left, SOON_SECONDS) if is_new else left


def render_duration(seconds: float) -> str:
    """Return seconds as Go prints a duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:g}s"
