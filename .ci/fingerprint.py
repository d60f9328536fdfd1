"""Prints a fingerprint of what decides in pyproject.toml what the lock files hold."""

import hashlib
import json
import tomllib
from pathlib import Path


def compute_fingerprint(pyproject: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the dependency lists, extras and groups."""
    table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    decisive = {
        "python": table["project"]["requires-python"],
        "dependencies": table["project"]["dependencies"],
        "extras": table["project"]["optional-dependencies"],
        "groups": table["dependency-groups"],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


if __name__ == "__main__":
    print(compute_fingerprint(Path(__file__).resolve().parents[1] / "pyproject.toml"))
