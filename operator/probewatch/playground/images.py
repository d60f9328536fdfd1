"""The images of the playground: names that stand for programs of this machine.

An image with an entry point runs that program; an image without one runs what the pod's
`command` says, looked up on this machine. Any other image cannot be pulled, as on a node
that does not find it in its registry.
"""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from probewatch.playground.kubelet.specs import ContainerSpec

PACKED = Path(__file__).with_name("demo_files")
"""The demo's files in an installed wheel; in a checkout they are in `deploy/demo`."""
DEMO_FILES = PACKED if PACKED.exists() else Path(__file__).resolve().parents[3] / "deploy" / "demo"
WEBAPL = DEMO_FILES / "webapl.py"
STORY = Path(__file__).with_name("stories") / "app.py"


class UnknownImageError(Exception):
    """The playground does not have that image; the text is for the container's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image runs: its entry point; empty if only the pod's command is run."""

    entry_point: tuple[str, ...] = ()


IMAGES: Mapping[str, Image] = {
    "upi907/webapl": Image(entry_point=(sys.executable, str(WEBAPL))),
    "probewatch/story": Image(entry_point=(sys.executable, str(STORY))),
    "python": Image(),
    "busybox": Image(),
    "alpine": Image(),
    "debian": Image(),
}
"""By name, without registry and tag."""


def find_command(container: ContainerSpec, images: Mapping[str, Image] = IMAGES) -> tuple[str, ...]:
    """Return the command line for *container*; raise `UnknownImageError` if there is none."""
    image = images.get(short_name(container.image))
    if image is None:
        known = ", ".join(sorted(images))
        raise UnknownImageError(
            f'failed to pull and unpack image "{container.image}": not found '
            f"(the playground has {known})"
        )
    command = container.command or image.entry_point
    return _on_this_machine((*command, *container.args))


def short_name(image: str) -> str:
    """Return the name without registry, `library/`, tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = head + slash + last.partition(":")[0]
    return name.removeprefix("docker.io/").removeprefix("library/")


def _on_this_machine(command: tuple[str, ...]) -> tuple[str, ...]:
    """Replace `python` by this Python, and the path of another program by this machine's."""
    if not command:
        return ("sleep", "infinity")
    program, *rest = command
    if program in {"python", "python3"}:
        return (sys.executable, *rest)
    if "/" not in program or not Path(program).exists():
        program = shutil.which(Path(program).name) or program
    return (program, *rest)
