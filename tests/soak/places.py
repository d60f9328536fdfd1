"""The API server for a soak: the playground's, a real one that we start, or any other."""

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
"""Not counted as writes: a Lease is renewed as long as a process lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The API server, and what the soak may do with it."""

    place: Place
    kubeconfig: Path
    read_writes: Callable[[], list[str]] | None
    """Returns all writes so far except heartbeats; None if nobody records them."""
    program: Program | None = None
    """The server's process, if the soak started it and may kill it."""


@contextlib.asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """Yield the server that the environment names, by default the playground's."""
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
    """Return the writes in the audit log by clients other than the server itself."""
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        if not line.endswith("}"):
            continue  # cut off when the server was killed
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
    # Its certificate is for the machine's names, not for loopback.
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
