"""One soak: install, let pods restart while the operator is killed, then compare."""

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY
from tests.contract.client import Client, unique
from tests.soak import shapes, verdict
from tests.soak.fate import Fate
from tests.soak.places import Ground
from tests.soak.records import Records
from tests.soak.replicas import FAMILY, Replica
from tests.soak.world import Home, Pod, World
from tests.system.programs import Prometheus, prometheus

BOUND_SECONDS = 90.0
"""The longest that anything here waits."""
CALM_SECONDS = 25.0
"""The time from the last restart until nothing is pending: verdicts, corrections."""
TELL_SECONDS = 10.0
"""The time between two progress lines where there is no terminal."""
WRITE_SECONDS = 12.0
"""The time until the last findings are surely written."""
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/probewatch"
SCOPE = "probewatch.dev/recorded-scope"

SHARED = {
    "source_labels": ["__name__"],
    "regex": FAMILY,
    "target_label": "instance",
    "replacement": "",
}
HOMES = (
    ("Deployment", "web", ("app",), True, 3),
    ("Deployment", "shop", ("app", "proxy"), True, 3),
    ("StatefulSet", "db", ("app",), True, 3),
    ("StatefulSet", "queue", ("app", "sync"), True, 2),
    ("Deployment", "hasty", ("app",), False, 2),
    ("StatefulSet", "rash", ("app",), False, 2),
)
"""Kind, name, containers, whether the pods are careful, number of pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The parameters of a soak."""

    replicas: int
    kills: int
    outages: int
    seed: int
    kill_pause: float
    pod_pause: float
    quiet_seconds: float
    use_prometheus: bool


@dataclass(slots=True, kw_only=True)
class Run:
    """One soak."""

    plan: Plan
    where: Ground
    client: Client
    folder: Path
    homes: list[Home] = field(default_factory=list)
    namespace: str = field(default_factory=lambda: unique("soak"))
    _told_at: float = 0.0

    async def run(self) -> list[str]:
        """Run the soak; return the faults."""
        await self._install()
        records = Records(self.client)
        world = World(self.client, records, seed=self.plan.seed, pause=self.plan.pod_pause)
        pods = await self._settle(world)
        replicas = self._hire()
        async with self._scraped(replicas) as scraping:
            try:
                return await self._play(world, pods, replicas, records, scraping)
            finally:
                for replica in replicas:
                    await replica.kill()
                await self.client.call("DELETE", f"/api/v1/namespaces/{self.namespace}")

    async def _play(
        self,
        world: World,
        pods: list[Pod],
        replicas: list[Replica],
        records: Records,
        scraping: Prometheus | None,
    ) -> list[str]:
        for replica in replicas:
            await replica.start()
        await self._until_installed(replicas)
        if scraping is not None:
            await self._until_scraped(replicas, scraping)
        follow = asyncio.create_task(records.follow())
        watch = verdict.Counters(replicas)
        scrape = asyncio.create_task(watch.follow())
        world.begin(pods)
        fate = Fate(
            replicas,
            seed=self.plan.seed,
            kills=self.plan.kills,
            pause=self.plan.kill_pause,
            server=self.where.program,
            outages=self.plan.outages,
        )
        await fate.run(lambda line: self._tell(line, world, records))
        await world.end()
        self._tell("all pods rest", world, records, last=True)
        faults = await self._conclude(world, replicas, records, scraping)
        for task in (follow, scrape):
            task.cancel()
        return [*faults, *watch.faults, *records.faults]

    async def _conclude(
        self,
        world: World,
        replicas: Sequence[Replica],
        records: Records,
        scraping: Prometheus | None,
    ) -> list[str]:
        """Wait until nothing is pending, then compare everything with the truth."""
        await asyncio.sleep(CALM_SECONDS)
        await self._until_loops_end(records)
        faults = verdict.compare_totals(self.homes, world.truth, records)
        faults += await verdict.compare_counters(replicas, records)
        faults += await verdict.check_events(self.client, self.namespace, world.truth)
        faults += await verdict.check_quiet(
            self.where, self.client, self.namespace, self.plan.quiet_seconds
        )
        if scraping is not None:
            faults += await verdict.compare_increase(scraping, records)
        faults += verdict.check_logs(replicas, outages=self.plan.outages)
        print(f"    deeds: {dict(sorted(world.truth.deeds.items()))}", flush=True)
        return faults

    # --- preparation

    def _hire(self) -> list[Replica]:
        """Return the replicas; they run a copy of the program, which does not change meanwhile."""
        source = self.folder / "operator"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "operator", source, ignore=ignored)
        return [
            Replica(
                name=f"replica-{number}",
                kubeconfig=self.where.kubeconfig,
                folder=self.folder,
                source=source,
            )
            for number in range(self.plan.replicas)
        ]

    async def _install(self) -> None:
        for file in sorted((REPOSITORY / "crds").glob("*.yaml")):
            body = yaml.safe_load(file.read_text(encoding="utf-8"))
            reply = await self.client.call("POST", DEFINITIONS, body)
            assert reply.status in {201, 409}, reply.text
            assert "Warning" not in reply.headers, reply.headers
        await self.client.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        # A real server creates this namespace by itself; everything else is in it.
        await self.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}})
        async with asyncio.timeout(BOUND_SECONDS):
            for plural in ("probereports", "probepolicies"):
                path = f"/apis/probewatch.dev/v1alpha1/{plural}"
                while (await self.client.call("GET", path)).status != 200:  # OK
                    await asyncio.sleep(0.2)

    async def _settle(self, world: World) -> list[Pod]:
        """Create the pods that exist before the operator; half of them have restarted already."""
        pods = []
        for kind, name, containers, careful, count in HOMES:
            owner = await self._create(shapes.workload(kind, name, self.namespace))
            key = f"{self.namespace}/{kind.lower()}-{name}"
            if kind == "Deployment":
                body = shapes.workload("ReplicaSet", f"{name}-5d9f", self.namespace, owner=owner)
                owner = await self._create(body)
            home = Home(
                key=key,
                namespace=self.namespace,
                owner=owner,
                containers=containers,
                careful=careful,
                fixed_names=kind == "StatefulSet",
            )
            self.homes.append(home)
            pods += [
                await world.settle(home, number, restarts=7 * (number % 2))
                for number in range(count)
            ]
        return pods

    async def _create(self, body: shapes.Json) -> shapes.Json:
        path = f"/apis/apps/v1/namespaces/{self.namespace}/{body['kind'].lower()}s"
        made = await self.client.create(path, body)
        return {**made, "apiVersion": body["apiVersion"], "kind": body["kind"]}

    async def _until_installed(self, replicas: Sequence[Replica]) -> None:
        """Wait until everything from before the installation is recorded."""
        async with asyncio.timeout(BOUND_SECONDS):
            while not all([await each.is_ready() for each in replicas]):
                await asyncio.sleep(0.2)
            while True:
                lease = (await self.client.call("GET", LEASE)).body
                if SCOPE in lease.get("metadata", {}).get("annotations", {}):
                    return
                await asyncio.sleep(0.2)

    async def _until_scraped(self, replicas: Sequence[Replica], scraping: Prometheus) -> None:
        """Wait until Prometheus has all counters, at 0: their rises are counted from then on."""
        async with asyncio.timeout(BOUND_SECONDS):
            while True:
                shown = max([len(await each.scrape() or ()) for each in replicas])
                if shown and len(await scraping.query(FAMILY)) >= shown:
                    return
                await asyncio.sleep(0.2)

    async def _until_loops_end(self, records: Records) -> None:
        """Wait until loops have ended, which is a while after their last restart."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BOUND_SECONDS):
                while records.loops():
                    await asyncio.sleep(1)
        await asyncio.sleep(WRITE_SECONDS)
        await records.look()

    @contextlib.asynccontextmanager
    async def _scraped(self, replicas: Sequence[Replica]) -> AsyncIterator[Prometheus | None]:
        if not self.plan.use_prometheus or shutil.which("prometheus") is None:
            yield None
            return
        targets = [f"127.0.0.1:{each.port}" for each in replicas]
        job = {
            "job_name": "probewatch",
            "honor_labels": True,
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "static_configs": [{"targets": targets}],
            # Series about workloads are the same, whichever replica shows them.
            "metric_relabel_configs": [SHARED],
        }
        async with prometheus(self.folder, {"scrape_configs": [job]}) as running:
            yield running

    # --- progress

    def _tell(self, line: str, world: World, records: Records, *, last: bool = False) -> None:
        """Print the progress: in place on a terminal, otherwise now and then."""
        rises, counted = sum(world.truth.rises.values()), sum(records.totals().values())
        text = f"    {line} | {rises} restarts, {counted} recorded"
        if sys.stdout.isatty():
            print(f"\r\033[K{text}", end="\n" if last else "", flush=True)
        elif last or time.monotonic() - self._told_at > TELL_SECONDS:  # seconds
            self._told_at = time.monotonic()
            print(text, flush=True)
