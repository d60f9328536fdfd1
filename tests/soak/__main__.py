"""`make soak`: kill the operator again and again while pods restart, then compare with the truth.

    make soak                               one replica, then two, on the playground's API server
    KUBEBUILDER_ASSETS=folder make soak     the same on a real kube-apiserver
    KUBECONFIG_CONTRACT=file make soak      the same on any cluster, in a namespace of its own
    KUBEBUILDER_ASSETS=folder make soak ARGS='--outages 10'    that kube-apiserver is killed, too

It ends with status 0 if every restart was counted once.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.contract.servers import ASSETS, wanted
from tests.soak.places import Ground, ground
from tests.soak.run import Plan, Run
from tests.soak.stubborn import StubbornClient


def main() -> int:
    """Run the soaks that the command line asks for; return the exit code."""
    arguments = _arguments()
    # Handle SIGTERM like Ctrl-C, so that the started processes are ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = arguments.seed or random.SystemRandom().randrange(1, 1_000_000)
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    faults = 0
    for replicas in arguments.replicas:
        plan = Plan(
            replicas=replicas,
            kills=arguments.kills,
            outages=arguments.outages,
            seed=seed,
            kill_pause=arguments.kill_pause,
            pod_pause=arguments.pod_pause,
            quiet_seconds=arguments.quiet,
            use_prometheus=not arguments.no_prometheus,
        )
        faults += asyncio.run(_soak(plan, arguments.keep))
    print("==> all is well" if not faults else f"==> {faults} faults")
    return 1 if faults else 0


async def _soak(plan: Plan, keep: Path | None) -> int:
    print(f"==> {plan.replicas} replica(s), {plan.kills} kills, seed {plan.seed}", flush=True)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        if keep is None:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
        else:
            name = tempfile.mkdtemp(prefix=f"{plan.replicas}-", dir=keep)
            print(f"    logs: {name}", flush=True)
        async with ground(Path(name)) as where:
            faults = await _run(plan, where, Path(name))
    for fault in faults:
        print(f"    FAULT {fault}")
    print(f"    {len(faults)} faults in {time.monotonic() - begun:.0f} s", flush=True)
    return len(faults)


async def _run(plan: Plan, where: Ground, folder: Path) -> list[str]:
    async with aiohttp.ClientSession() as session:
        client = StubbornClient(where.place, session)
        return await Run(plan=plan, where=where, client=client, folder=folder).run()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--replicas", type=int, nargs="+", default=[1, 2], help="modes to run (default: 1 2)")
    add("--kills", type=int, default=25, help="how often SIGKILL is sent in each mode")
    add("--outages", type=int, default=0, help="how often the API server gets one too (default 0)")
    add("--seed", type=int, default=0, help="of an earlier run (default: a new one)")
    add("--kill-pause", type=float, default=2.0, metavar="SECONDS", help="between two ends")
    add("--pod-pause", type=float, default=3.0, metavar="SECONDS", help="between a pod's deeds")
    add("--quiet", type=float, default=60.0, metavar="SECONDS", help="nothing is written for")
    add("--no-prometheus", action="store_true", help="do without, even if it is on PATH")
    add("--keep", type=Path, metavar="FOLDER", help="keep logs in there")
    arguments = parser.parse_args()
    if arguments.outages and wanted() != ASSETS:
        parser.error(f"--outages: only a server that is started here can be killed; set {ASSETS}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
