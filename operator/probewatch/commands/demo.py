"""`probewatch demo`: a real probe failure, end to end, on an embedded cluster."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib import util
from pathlib import Path

from probewatch.commands.playground import explain
from probewatch.errors import ProbewatchError, UsageError
from probewatch.playground.demo.demo import Demo, DemoOptions
from probewatch.playground.demo.show import PlainShow, Show
from probewatch.playground.demo.text import summary
from probewatch.playground.program import find_program
from probewatch.service.signals import SIGNALS, on_first_signal

FASTEST = 20.0

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""The signals that end the demo, besides SIGINT, which asyncio handles."""

SIGNALLED = 128
"""Added to the number of the signal, it is the exit status, as in a shell."""

DESCRIPTION = """\
Show a real probe failure from end to end, on this machine only. The demo runs a small cluster
in one process, a pod whose liveness probe fails after 40 seconds, and the operator, exactly as
it would run in a cluster, which reports why the container restarted. It takes about a minute.

The pod is deploy/demo/hc-probe.yaml. Its container is a process on this machine, with its own
address in 127.0.0.0/8. Nothing is installed, and nothing is left behind."""

EPILOG = """\
examples:
  probewatch demo                  watch it live
  probewatch demo --speed 5        probes and app five times as fast
  probewatch demo --keep           keep running, to look around with kubectl
  probewatch demo --plain | tee demo.log

exit status:
  0  the pod was seen Ready and NotReady, and one restart was attributed:
     LivenessProbe, Confirmed
  1  something of that was missing; the output says what   2  wrong usage
  130  interrupted   143  terminated   129  the terminal was closed"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help=f"run probes, grace periods, back-off and the app N times as fast (up to {FASTEST:g})",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep running until Ctrl-C, for kubectl"
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="print lines instead of a live view, as without a terminal",
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", type=Path, help="where to write the cluster's kubeconfig"
    )


def main(args: argparse.Namespace) -> int:
    """Run the demo and return its exit status."""
    if not 0 < args.speed <= FASTEST:
        raise UsageError(f"--speed is a number above 0, up to {FASTEST:g}, not {args.speed:g}")
    options = DemoOptions(speed=args.speed, kubeconfig=args.kubeconfig)
    try:
        return asyncio.run(play(options, choose_show(plain=args.plain), keep=args.keep))
    except BrokenPipeError:
        raise  # the reader of our output has gone; nothing is wrong with the playground
    except OSError as error:
        raise ProbewatchError(f"the playground cannot continue: {explain(error)}") from error


def choose_show(*, plain: bool) -> Show:
    """Return the live picture on a terminal, plain lines elsewhere."""
    if plain or not sys.stdout.isatty() or util.find_spec("rich") is None:
        return PlainShow()
    from rich.console import Console  # noqa: PLC0415  # optional, and slow to import

    from probewatch.playground.demo.live import LiveShow  # noqa: PLC0415  # likewise

    return LiveShow(Console())


async def play(options: DemoOptions, show: Show, *, keep: bool) -> int:
    """Run the demo and return the exit status; a signal ends it after cleaning up."""
    received: list[signal.Signals] = []
    playing = asyncio.create_task(run(options, show, keep=keep))

    def end(number: signal.Signals) -> None:
        received.append(number)
        playing.cancel()

    with on_first_signal(end, ENDING):
        try:
            return await playing
        except asyncio.CancelledError:
            if not received:
                raise
    return SIGNALLED + received[0]


async def run(options: DemoOptions, show: Show, *, keep: bool) -> int:
    """Play the demo, print its result, and with *keep* wait until interrupted."""
    demo = Demo(options, show)
    async with AsyncExitStack() as stack:
        with show:
            await stack.enter_async_context(demo.running())
            await demo.story()
        status = tell(demo)
        ended = stack.enter_context(interruption()) if keep else None  # what is printed says how
        print("\n".join(look_further(demo, kept=keep)))
        if ended is not None:
            await ended.wait()
    return status


def tell(demo: Demo) -> int:
    """Print the summary, or what was not seen in time; return the exit status."""
    missing, state = demo.state.missing(), demo.state
    restart, told = state.restart, state.restart_event
    if not missing and restart and told:
        speed = demo.options.speed
        print()
        print("\n".join(summary(state, restart, told, now=time.time(), speed=speed)))
        return 0
    print("\nprobewatch: the demo is not complete; not seen in time:", file=sys.stderr)
    for item in missing:
        print(f"  - {item}", file=sys.stderr)
    other = state.any_restart
    if other and not restart:
        print(f"The restart was taken for {other.facts.get('cause')}.", file=sys.stderr)
    if demo.operator:
        print("The operator's last words:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in demo.operator.last_words()), file=sys.stderr)
    return 1


def look_further(demo: Demo, *, kept: bool) -> list[str]:
    """Return lines with the commands to look around with."""
    if not kept:
        keep = f"  {find_program()} demo --keep     stays, for kubectl and curl"
        return ["Look further", keep, ""]
    address = demo.operator.address if demo.operator else ""
    return [
        "The cluster stays until Ctrl-C. In another terminal:",
        f"  export KUBECONFIG={demo.cluster.kubeconfig}",
        "  kubectl get pods -w",
        "  kubectl describe pod webapl",
        "  kubectl get events --field-selector reason=LivenessProbeRestart",
        "  kubectl logs webapl --previous",
        f"  {find_program()} explain webapl",
        f"  curl {address}/metrics",
        "  kubectl apply -f crds     # half a minute later: kubectl get probereports",
        "",
    ]


@contextmanager
def interruption() -> Iterator[asyncio.Event]:
    """Yield an event that is set at Ctrl-C or another signal that ends the program."""
    ended = asyncio.Event()
    with on_first_signal(lambda _: ended.set(), SIGNALS):
        yield ended
