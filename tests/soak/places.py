"""The API server that a soak runs against: the playground's, one that we start, or any other."""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from probewatch.playground.api.server import ApiServer
from tests.contract.client import Place
from tests.contract.servers import (
    ASSETS,
    KUBECONFIG,
    Program,
    read_kubeconfig,
    running_server,
    wanted,
)

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
HEARTBEATS = frozenset({"leases"})
"""A Lease is renewed as long as somebody lives; that is what it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where it takes place."""

    place: Place
    kubeconfig: Path
    read_writes: Callable[[], list[str]] | None
    """Every write so far, of anybody, but for heartbeats; None where nobody keeps count."""
    program: Program | None = None
    """The server, if it is ours to be killed."""


@contextlib.asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """Give the server that the environment names, by default the playground's."""
    kubeconfig = folder / "kubeconfig"
    match wanted():
        case "":
            ours = ApiServer()
            await ours.start()
            ours.write_kubeconfig(kubeconfig)
            place = Place(url=ours.url, token=ours.tokens.admin)
            yield Ground(place=place, kubeconfig=kubeconfig, read_writes=lambda: _audited(ours))
            await ours.stop()
        case name if name == KUBECONFIG:
            path = Path(os.environ[name])
            yield Ground(place=read_kubeconfig(path), kubeconfig=path, read_writes=None)
        case _:
            with running_server(Path(os.environ[ASSETS]), folder) as server:
                kubeconfig.write_text(_kubeconfig(server.place), encoding="utf-8")
                log = folder / "audit.log"
                yield Ground(
                    place=server.place,
                    kubeconfig=kubeconfig,
                    read_writes=lambda: _logged(log),
                    program=server.program,
                )


def _audited(server: ApiServer) -> list[str]:
    actions = (record.action for record in server.audit)
    return [
        f"{each.verb} {each.full_resource} {each.namespace}/{each.name}"
        for each in actions
        if each.verb in WRITES and each.resource not in HEARTBEATS
    ]


def _logged(log: Path) -> list[str]:
    """Return the writes of clients other than the server itself."""
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        if not line.endswith("}"):
            continue  # the server was killed in the middle of it
        entry = json.loads(line)
        about = entry.get("objectRef", {})
        agent = entry.get("userAgent", "")
        is_write = entry["verb"] in WRITES and entry["stage"] == "ResponseComplete"
        if is_write and about.get("resource") not in HEARTBEATS and "apiserver" not in agent:
            place = f"{about.get('namespace', '')}/{about.get('name', '')}"
            kind = "/".join(filter(None, (about.get("resource"), about.get("subresource"))))
            found.append(f"{entry['verb']} {kind} {place}")
    return found


def _kubeconfig(place: Place) -> str:
    # Its certificate is made for the names of the machine, not for loopback.
    cluster = {"server": place.url, "insecure-skip-tls-verify": True}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "soak",
            "clusters": [{"name": "soak", "cluster": cluster}],
            "users": [{"name": "soak", "user": {"token": place.token}}],
            "contexts": [{"name": "soak", "context": {"cluster": "soak", "user": "soak"}}],
        }
    )
