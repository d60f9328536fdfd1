"""`probewatch playground`: the embedded cluster by itself, for kubectl and pods of one's own."""

import argparse
import asyncio
import contextlib
import errno
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.images import IMAGES
from probewatch.playground.program import find_program
from probewatch.playground.stories.play import play_story
from probewatch.playground.stories.pods import Story
from probewatch.playground.stories.table import STORIES
from probewatch.service.signals import SIGNALS, on_first_signal

DESCRIPTION = """\
Run a small Kubernetes cluster in one process, until Ctrl-C: an API server on loopback, one node
whose kubelet runs containers as processes on this machine and really probes them, and the
controllers of Deployments, ReplicaSets and Jobs. It is for experiments and tests.

Images are names of programs on this machine; there is no isolation. Each pod has its own
address, in $POD_IP and $HOST. A program must listen there, not on all addresses, if another pod
uses the same port."""

EPILOG = """\
examples:
  probewatch playground                               it says how to go on
  probewatch playground --story live-tcp --story oom  with pods that show it
  probewatch playground --kubeconfig /tmp/kubeconfig --speed 5
  KUBECONFIG=/tmp/kubeconfig kubectl get pods -A      in another terminal
  KUBECONFIG=/tmp/kubeconfig probewatch run           the operator, beside it

exit status:
  0  ended by a signal   1  it cannot be started   2  called wrongly"""


LAST_PORT = 65535


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "--kubeconfig", metavar="FILE", type=Path, help="where to write its kubeconfig"
    )
    parser.add_argument(
        "--port", type=parse_port, default=0, help="port of the API server (default: any free port)"
    )
    parser.add_argument(
        "--speed",
        type=parse_speed,
        default=1.0,
        metavar="N",
        help="run probes and apps N times as fast",
    )
    parser.add_argument(
        "--story",
        action="append",
        default=[],
        metavar="NAME",
        choices=("all", *(story.name for story in STORIES)),
        help="a pod that shows one thing; repeatable; docs/playground.md lists all",
    )


def parse_port(text: str) -> int:
    """Return a port number; 0 stands for any free one."""
    if text.isdecimal() and int(text) <= LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port")


def parse_speed(text: str) -> float:
    """Return the factor by which the cluster runs faster than real time."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def main(args: argparse.Namespace) -> int:
    """Run the cluster until it is interrupted; return the exit status."""
    options = ClusterOptions(speed=args.speed, port=args.port, kubeconfig=args.kubeconfig)
    try:
        return asyncio.run(run(options, find_stories(args.story)))
    except BrokenPipeError:
        raise  # the reader of our output has gone; nothing is wrong with the playground
    except OSError as error:
        print(f"probewatch playground: {explain(error, args.port)}", file=sys.stderr)
        return 1


def explain(error: OSError, port: int = 0) -> str:
    """Return what failed and on which file; for a port that is in use, what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use already: stop the other process, or give another --port"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def find_stories(names: Sequence[str]) -> tuple[Story, ...]:
    """Return the stories with these names, or all for `all`; each once."""
    return tuple(story for story in STORIES if story.name in names or "all" in names)


async def run(options: ClusterOptions, stories: Sequence[Story]) -> int:
    """Run the cluster until SIGINT, SIGTERM, or SIGHUP as its terminal is closed."""
    ended = asyncio.Event()
    with on_first_signal(lambda _: ended.set(), (*SIGNALS, signal.SIGHUP)):
        async with Cluster(options) as cluster:
            begin(cluster, stories)
            await ended.wait()
            with contextlib.suppress(OSError):  # its terminal may be closed
                print("Stopping its containers.", flush=True)
    return 0


def begin(cluster: Cluster, stories: Sequence[Story]) -> None:
    """Print how to use the cluster, and play the stories."""
    print(f"A cluster with one node, at {cluster.url}, until Ctrl-C. Images: ", end="")
    print(", ".join(sorted(IMAGES)))
    print(f"  export KUBECONFIG={cluster.kubeconfig}")
    print("  kubectl apply -f crds -f deploy/demo/hc-probe.yaml   # a pod whose probe fails")
    print(f"  {find_program()} run   # the operator, in another terminal", flush=True)
    for story in stories:
        print(f"  {story.name}: {story.shows}", flush=True)
        play_story(cluster, story)
