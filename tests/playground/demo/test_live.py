"""The demo's live display on a terminal."""

import io
import re

from rich.console import Console

from probewatch.playground.demo.demo import MANIFEST, read_manifest
from probewatch.playground.demo.live import LiveShow
from probewatch.playground.demo.show import Progress
from probewatch.playground.demo.state import DemoState


def test_the_picture_has_all_parts() -> None:
    """The display has the pod, the Events, the findings, and the time to the first kill."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=70, height=30, color_system=None)
    pod = read_manifest(MANIFEST)
    meta = {**pod["metadata"], "creationTimestamp": "2026-11-24T18:53:22Z"}
    state = DemoState(pod={**pod, "metadata": meta, "status": {"phase": "Running"}})
    show = LiveShow(console)
    with show:
        show.say(1.0, "kubelet", "Started: " + "long " * 30)
        show.update(1.0, state, Progress(passed=11, due=55))
    picture = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())

    assert re.search(r"NAME +READY +STATUS +RESTARTS +AGE\s*\nwebapl +0/1 +Running +0 ", picture)
    assert "   1.0 s  kubelet     Started: long long" in picture
    assert "nothing yet" in picture
    assert "first kill due in 44 s" in picture
    assert max(map(len, picture.splitlines())) <= 70
