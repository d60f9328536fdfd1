"""A cluster that Helm may look at: which kinds it knows, and which policies are in it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from tests.deploy.rendering import Object

POLICIES = "/apis/probewatch.dev/v1alpha1/probepolicies"


def policy(name: str, annotations: dict[str, str], spec: dict[str, Any]) -> Object:
    """A ProbePolicy as the API shows it."""
    return {
        "apiVersion": "probewatch.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "annotations": annotations},
        "spec": spec,
    }


def discovery(objects: Iterable[Object]) -> dict[str, Object]:
    """What an API server answers that knows the kinds of *objects*, by path."""
    kinds: dict[str, set[str]] = {}
    for each in objects:
        kinds.setdefault(each["apiVersion"], set()).add(each["kind"])
    groups = [version for version in kinds if "/" in version]
    return {
        "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": [_group(version) for version in groups]},
        **{
            f"/apis/{version}" if "/" in version else f"/api/{version}": {
                "kind": "APIResourceList",
                "groupVersion": version,
                "resources": [_resource(kind) for kind in sorted(known)],
            }
            for version, known in kinds.items()
        },
    }


def _group(version: str) -> Object:
    name, _, short = version.partition("/")
    preferred = {"groupVersion": version, "version": short}
    return {"name": name, "versions": [preferred], "preferredVersion": preferred}


def _resource(kind: str) -> Object:
    plural = f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s"
    namespaced = not kind.startswith("Cluster") and not kind.endswith("Definition")
    return {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]}


@contextmanager
def serve(answers: dict[str, Object], folder: Path) -> Iterator[Path]:
    """Yield a kubeconfig for a server that gives these answers, by path, and 404 else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(missing if found is None else found).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        path = folder / "kubeconfig"
        path.write_text(_kubeconfig(f"http://127.0.0.1:{server.server_port}"), encoding="utf-8")
        yield path
        server.shutdown()


def _kubeconfig(address: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": address}}],
            "users": [{"name": "it", "user": {}}],
        }
    )
