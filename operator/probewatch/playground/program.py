"""How a person calls probewatch on this machine: a line to copy has to work as it stands."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "probewatch"


def find_program() -> str:
    """Return the program's name where that is found, else the path beside this Python.

    `make` leaves it in `.venv/bin`, which is on nobody's PATH.
    """
    beside = Path(sys.executable).with_name(NAME)
    if shutil.which(NAME) or not beside.exists():
        return NAME
    return shlex.quote(str(beside))
