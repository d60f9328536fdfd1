"""What a program of ours loads, and what it leaves to others."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "requests", "urllib3", "oauthlib", "websocket", "kubernetes.client")
"""What only comes with the parts of the official client that nobody here uses."""

LOAD = ("from probewatch.cli import load_command", "load_command('run')")


def run(*lines: str) -> str:
    """What a program of these lines prints."""
    told = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def test_a_pod_loads_no_more_of_the_official_client_than_it_needs() -> None:
    """The operator as a pod runs it carries neither models nor a second HTTP client."""
    told = run(
        "import sys",
        *LOAD,
        f"print([name for name in {HEAVY} if sys.modules.get(name)])",
        "print('kubernetes.aio.config.incluster_config' in sys.modules)",
    )

    assert told.split("\n") == ["[]", "True"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("import kubernetes", "", id="loaded before"),
        pytest.param("", "from probewatch.lean_imports import let_in; let_in()", id="let in"),
    ],
)
def test_the_official_client_is_there_for_whoever_wants_it(before: str, after: str) -> None:
    """Who imported the client before us keeps it; who wants it after us has to say so only."""
    told = run(
        before,
        *LOAD,
        after,
        "from kubernetes import client, config",
        "print(client.V1Pod.__name__, config.load_kube_config.__name__)",
    )

    assert told == "V1Pod load_kube_config"
