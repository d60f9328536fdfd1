"""Runs kopf in a thread of its own, and restarts it whenever it ends.

kopf ends on a number of API errors, and then cancels every task of its event
loop that was created after it, whoever created it. With a thread and an event
loop of its own, neither its failure nor a blocking handler affects anything
else. In a thread kopf does not handle signals: the service does, and stops kopf.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import kopf

from probewatch import handlers
from probewatch.boundary import PAUSES, STEADY_SECONDS
from probewatch.clock import Clock
from probewatch.handlers import Memo

_log = logging.getLogger(__name__)

GRACE_SECONDS = 3.0
"""How long kopf may take to stop by itself before its tasks are cancelled."""

FAREWELL_SECONDS = 2.0
"""How long to wait for the thread after that; as a daemon it does not keep the process alive."""

Operate = Callable[[asyncio.Event], Coroutine[object, object, None]]
"""Runs an operator until it fails or the stop event is set."""


@dataclass(slots=True, kw_only=True)
class SupervisorStats:
    """State of kopf, read by the metrics."""

    running: bool = False
    starts: int = 0
    failures: int = 0


class Supervisor:
    """Keeps *operate* running in a thread, until `run` is cancelled."""

    def __init__(self, operate: Operate, *, clock: Clock) -> None:
        self.stats = SupervisorStats()
        self._operate = operate
        self._clock = clock
        self._thread: OperatorThread | None = None
        self._is_wanted_anew = False

    async def restart(self) -> None:
        """Stop kopf gracefully and start it again at once, because the resources it serves changed.

        If it is down, nothing is done: its next start looks at the resources anyway.
        """
        if self._thread is not None and self.stats.running:
            self._is_wanted_anew = True
            await self._thread.end()

    async def run(self) -> None:
        """Run kopf with a growing back-off between failures; when cancelled, stop it gracefully."""
        faults = 0
        while True:
            begun = self._clock.monotonic()
            if await self._run_once():
                faults = 0
                continue
            faults = 1 if self._clock.monotonic() - begun >= STEADY_SECONDS else faults + 1
            await self._clock.sleep(PAUSES.after(faults))

    async def _run_once(self) -> bool:
        """Run kopf until it ends; return whether `restart` ended it."""
        thread = self._thread = OperatorThread(self._operate)
        self.stats.starts += 1
        self.stats.running = True
        try:
            error = await thread.run()
        finally:
            self.stats.running = False
        if self._is_wanted_anew:
            self._is_wanted_anew = False
            return True
        self.stats.failures += 1
        _log.warning(
            "kopf ended and will be restarted; pods are still watched",
            extra={"error": _describe(error)},
        )
        return False


def _describe(error: BaseException | None) -> str:
    if error is None:
        return ""
    # For refused credentials kopf suggests installing a client library, which does not help.
    refused = isinstance(error, kopf.LoginError)
    words = "the API server refuses the credentials" if refused else error
    return f"{type(error).__name__}: {words}"


class OperatorThread:
    """One run of an operator in a thread of its own."""

    def __init__(self, operate: Operate) -> None:
        self._operate = operate
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._guard = threading.Lock()
        self._stopped = False
        self._ended: asyncio.Future[BaseException | None] | None = None

    async def run(self) -> BaseException | None:
        """Run the operator and return the error it ended with; when cancelled, stop it in time."""
        here = asyncio.get_running_loop()
        ended: asyncio.Future[BaseException | None] = here.create_future()
        self._ended = ended
        target = threading.Thread(target=self._main, args=(here, ended), name="kopf", daemon=True)
        target.start()
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            await self.end()
            raise

    async def end(self) -> None:
        """Stop the operator gracefully, else by cancelling its task; both in bounded time."""
        self._call(self._ask_to_stop)
        ended = self._ended
        if ended is None:
            return
        await asyncio.wait([ended], timeout=GRACE_SECONDS)
        if not ended.done():
            self._call(self._cancel)
            await asyncio.wait([ended], timeout=FAREWELL_SECONDS)

    def _call(self, action: Callable[[], None]) -> None:
        """Call *action* in the thread's event loop; if kopf does not run yet, it will not start."""
        with self._guard:
            self._stopped = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(action)

    def _ask_to_stop(self) -> None:
        if self._stop is not None:
            self._stop.set()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _main(
        self, home: asyncio.AbstractEventLoop, ended: "asyncio.Future[BaseException | None]"
    ) -> None:
        """Run in the thread; whatever kopf raises is passed to the caller's event loop."""
        error: BaseException | None = None
        try:
            asyncio.run(self._operate_here())
        except BaseException as raised:  # noqa: BLE001  # handed to the other thread
            error = raised
        # If the thread ends too late, nobody waits for it and the caller's loop is closed.
        with contextlib.suppress(RuntimeError):
            home.call_soon_threadsafe(_settle, ended, error)

    async def _operate_here(self) -> None:
        stop = asyncio.Event()
        with self._guard:
            if self._stopped:
                return
            self._loop, self._stop = asyncio.get_running_loop(), stop
            self._loop.set_exception_handler(_note_leftover)
            self._task = asyncio.current_task()
        try:
            await self._operate(stop)
        finally:
            with self._guard:
                self._loop = None  # it will be closed, and then nothing may be called in it


def kopf_operator(memo: Memo) -> Operate:
    """Return a function that runs kopf with our handlers, with a fresh registry and settings."""

    async def operate(stop: asyncio.Event) -> None:
        registry = kopf.OperatorRegistry()
        handlers.register(registry, policies=await memo.policies.served())
        settings = memo.settings
        address = settings.liveness_address
        await kopf.operator(
            registry=registry,
            settings=kopf.OperatorSettings(),
            memo=memo,
            stop_flag=stop,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            # By default kopf asks for the name of the user, and in a pod there is none.
            identity=settings.instance,  # type: ignore[arg-type]  # a NewType that it keeps private
            liveness_endpoint=f"http://{address}/healthz" if address else None,
            standalone=True,
        )

    return operate


def _note_leftover(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log at debug level what kopf's tasks raised and nobody retrieved.

    The error that kopf ended with is logged by the supervisor.
    """
    _log.debug("kopf left something behind", extra={"what": str(context.get("message"))})


def _settle(ended: "asyncio.Future[BaseException | None]", error: BaseException | None) -> None:
    if not ended.done():
        ended.set_result(error)
