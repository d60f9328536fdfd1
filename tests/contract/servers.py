"""API servers for the contract tests: the playground, one started here, or any other."""

import base64
import contextlib
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from probewatch.playground.api.certificate import make_certificate
from tests.contract.client import Place
from tests.support.ports import free_port

KUBECONFIG = "KUBECONFIG_CONTRACT"
"""A kubeconfig of any cluster in which the tests may create namespaces."""
ASSETS = "KUBEBUILDER_ASSETS"
"""A folder with the programs kube-apiserver and etcd."""
TOKEN = "contract-admin-token"  # of a server that lives as long as the tests
START_SECONDS = 60


def read_kubeconfig(path: Path) -> Place:
    """The server of a kubeconfig's current context."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    context = _named(found["contexts"], found["current-context"])["context"]
    cluster = _named(found["clusters"], context["cluster"])["cluster"]
    user = _named(found["users"], context["user"])["user"]
    tls = ssl.create_default_context(cadata=_text(cluster, "certificate-authority", path))
    if "client-certificate-data" in user or "client-certificate" in user:
        _load_identity(tls, user, path)
    return _located(Place(url=cluster["server"], token=user.get("token", ""), tls=tls))


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _text(part: dict[str, str], key: str, path: Path) -> str:
    if f"{key}-data" in part:
        return base64.b64decode(part[f"{key}-data"]).decode()
    return (path.parent / part[key]).read_text(encoding="utf-8")


def _load_identity(tls: ssl.SSLContext, user: dict[str, str], path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        texts = (_text(user, key, path) for key in ("client-key", "client-certificate"))
        file.write_text("\n".join(texts), encoding="utf-8")
        tls.load_cert_chain(file)


def _located(place: Place) -> Place:
    """The place with the server's version."""
    request = urllib.request.Request(f"{place.url}/version")  # noqa: S310  # a kubeconfig's server
    if place.token:
        request.add_header("Authorization", f"Bearer {place.token}")
    with urllib.request.urlopen(request, context=place.tls, timeout=10) as response:  # noqa: S310  # the server under test
        version = json.load(response)
    minor = int("".join(char for char in version["minor"] if char.isdigit()))
    return Place(url=place.url, token=place.token, tls=place.tls, minor=minor, is_playground=False)


class Program:
    """A program that can be killed and started again."""

    def __init__(self, command: list[str | Path], log: Path) -> None:
        self._command = [str(part) for part in command]
        self._log = log
        self.start()

    def start(self) -> None:
        """Start the program; its output is appended to its log."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)

    def kill(self) -> None:
        """Kill the program, like a machine that loses power."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Terminate the program and wait."""
        self._process.terminate()
        self._process.wait(timeout=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A kube-apiserver started here."""

    place: Place
    program: Program


@contextlib.contextmanager
def running_server(assets: Path, folder: Path) -> Iterator[RunningServer]:
    """Start etcd and kube-apiserver on loopback; both end with the context."""
    etcd_port, peer_port, api_port = free_port(), free_port(), free_port()
    etcd, peer = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{peer_port}"
    # fmt: off
    store: list[str | Path] = [
        assets / "etcd", "--data-dir", folder / "etcd", "--listen-client-urls", etcd,
        "--advertise-client-urls", etcd, "--listen-peer-urls", peer,
        "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
        "--unsafe-no-fsync",
    ]
    # fmt: on
    with _started(store, folder / "etcd.log"):
        server = _server_command(assets, folder, etcd, api_port)
        url = f"https://127.0.0.1:{api_port}"
        # Started twice, so that there is history older than its watch cache.
        with _started(server, folder / "first.log"):
            _wait_for(url, folder)
        with _started(server, folder / "apiserver.log") as program:
            yield RunningServer(place=_wait_for(url, folder), program=program)


def _server_command(assets: Path, folder: Path, etcd: str, port: int) -> list[str | Path]:
    key, tokens, policy = folder / "accounts.key", folder / "tokens.csv", folder / "audit.yaml"
    key.write_text(make_certificate().key, encoding="utf-8")
    tokens.write_text(f'{TOKEN},admin,admin,"system:masters"\n', encoding="utf-8")
    rules = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
    policy.write_text(yaml.safe_dump(rules), encoding="utf-8")
    # fmt: off
    return [
        assets / "kube-apiserver", "--etcd-servers", etcd, "--bind-address", "127.0.0.1",
        "--secure-port", str(port), "--cert-dir", folder / "certificates",
        "--token-auth-file", tokens, "--authorization-mode", "RBAC",
        "--service-account-issuer", "https://kubernetes.default.svc",
        "--service-account-signing-key-file", key, "--service-account-key-file", key,
        "--api-audiences", "https://kubernetes.default.svc",
        "--service-cluster-ip-range", "10.0.0.0/24", "--allow-privileged",
        "--audit-policy-file", policy, "--audit-log-path", folder / "audit.log",
        # No controller creates the service accounts that pods need.
        "--disable-admission-plugins", "ServiceAccount",
    ]
    # fmt: on


@contextlib.contextmanager
def _started(command: list[str | Path], log: Path) -> Iterator[Program]:
    program = Program(command, log)
    try:
        yield program
    finally:
        program.end()


def _wait_for(url: str, folder: Path) -> Place:
    """Wait until the server is ready."""
    certificate = folder / "certificates" / "apiserver.crt"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError, urllib.error.URLError, ssl.SSLError):
            tls = ssl.create_default_context(cafile=str(certificate))
            tls.check_hostname = False  # it is issued for the machine's names, not for loopback
            request = urllib.request.Request(f"{url}/readyz")  # noqa: S310  # the server under test
            request.add_header("Authorization", f"Bearer {TOKEN}")
            with urllib.request.urlopen(request, context=tls, timeout=5):  # noqa: S310  # the server under test
                return _located(Place(url=url, token=TOKEN, tls=tls))
        threading.Event().wait(0.2)
    log = max(folder.glob("*.log"), key=lambda path: path.stat().st_mtime).read_text(
        encoding="utf-8", errors="replace"
    )
    raise TimeoutError(f"kube-apiserver is not ready after {START_SECONDS} s:\n{log[-2000:]}")


def wanted() -> str:
    """The variable that selects a server, or an empty string for the playground."""
    return next((name for name in (KUBECONFIG, ASSETS) if os.environ.get(name)), "")
