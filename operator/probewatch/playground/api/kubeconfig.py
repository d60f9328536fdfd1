"""Kubeconfig files for the playground."""

import base64
from pathlib import Path

import yaml

NAME = "probewatch-playground"


def render_kubeconfig(url: str, token: str, *, authority: str, namespace: str = "default") -> str:
    """Return a kubeconfig for *url* with a token; *authority* is the CA certificate as PEM."""
    cluster = {
        "server": url,
        "certificate-authority-data": base64.b64encode(authority.encode()).decode(),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": token}}],
        "contexts": [
            {"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": namespace}}
        ],
        "current-context": NAME,
    }
    return yaml.safe_dump(config, sort_keys=False)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read: it holds a token."""
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
