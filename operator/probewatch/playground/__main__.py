"""`python -m probewatch.playground`: a cluster to use with kubectl, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from probewatch.playground.cluster import Cluster, ClusterOptions
from probewatch.playground.images import IMAGES

DESCRIPTION = """\
Run a small Kubernetes cluster in this process, until Ctrl-C: an API server on loopback, one
node whose kubelet runs containers as processes of this machine and really probes them, and the
controllers of Deployments, ReplicaSets and Jobs. It is for trying things out and for tests.

Images stand for programs of this machine; there is no isolation. A pod has an address of its
own, in $POD_IP and $HOST: a program has to listen there, not on all addresses, if another
pod uses the same port."""

EPILOG = """\
examples:
  python -m probewatch.playground
  python -m probewatch.playground --kubeconfig /tmp/kubeconfig --speed 5
  KUBECONFIG=/tmp/kubeconfig kubectl apply -f deploy/demo/hc-probe.yaml
  KUBECONFIG=/tmp/kubeconfig probewatch run"""


def main() -> int:
    """Run the cluster until it is interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m probewatch.playground",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", type=Path, help="where to write its kubeconfig"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port of the API (default: any that is free)"
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="run probes and apps N times as fast"
    )
    args = parser.parse_args()
    if args.speed <= 0:
        parser.error("--speed is a number above 0")
    options = ClusterOptions(speed=args.speed, port=args.port, kubeconfig=args.kubeconfig)
    try:
        return asyncio.run(run(options))
    except OSError as error:
        print(f"probewatch playground: {error}", file=sys.stderr)
        return 1


async def run(options: ClusterOptions) -> int:
    """Run it until SIGINT or SIGTERM."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with Cluster(options) as cluster:
        print(f"A cluster with one node, at {cluster.url}, until Ctrl-C. Images: ", end="")
        print(", ".join(sorted(IMAGES)))
        print(f"  export KUBECONFIG={cluster.kubeconfig}", flush=True)
        await ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
