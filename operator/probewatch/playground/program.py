"""The command that starts probewatch on this machine, for printed lines that are to be copied."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "probewatch"


def find_program() -> str:
    """Return the program's name if it is on the PATH, else its path beside this Python.

    `make` installs it into `.venv/bin`, which is usually not on the PATH.
    """
    beside = Path(sys.executable).with_name(NAME)
    if shutil.which(NAME) or not beside.exists():
        return NAME
    return shlex.quote(str(beside))
