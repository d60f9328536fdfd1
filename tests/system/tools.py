"""Runs programs for system tests: kubectl, Helm, Prometheus."""

import asyncio
import os
import subprocess
from collections.abc import Mapping

from tests.conftest import lack_program, require_program

BOUND_SECONDS = 40
"""The longest that a program may take."""


async def run_tool(
    name: str, *arguments: str, kubeconfig: str = "", text: str = "", fails: bool = False
) -> str:
    """Run a program to its end and return its output; *text* is its standard input.

    It must succeed, unless a failure is expected. It sees no settings of the machine.
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


def unnamed_user() -> list[str]:
    """Return the beginning of a command that runs the rest as the user without a name of the image.

    It still reads the files of the user who runs the tests.
    """
    command = [require_program("unshare"), "--user", "--map-user=65532", "--map-group=65532"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        lack_program(f"unshare cannot create a user namespace here: {tried.stderr.strip()}")
    return command


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without variables that point at a cluster."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    return {**mine, **more}
