"""Programs that system tests run beside an event loop: kubectl, Helm, Prometheus."""

import asyncio
import os
import subprocess
from collections.abc import Mapping

from tests.conftest import require_program

BOUND_SECONDS = 40
"""No program that ends by itself may take longer."""


async def run_tool(
    name: str, *arguments: str, kubeconfig: str = "", text: str = "", fails: bool = False
) -> str:
    """Run a program to its end and return what it printed; *text* is its standard input.

    It must succeed, or fail if it is said to. Its settings come from here alone.
    """
    command = [require_program(name), *arguments]
    ran = await asyncio.to_thread(
        subprocess.run,
        command,
        input=text,
        env=_environment({"KUBECONFIG": kubeconfig} if kubeconfig else {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=BOUND_SECONDS,
    )
    assert (ran.returncode != 0) is fails, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout + (ran.stderr if fails else "")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would point the programs at a cluster of somebody's."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    return {**mine, **more}
