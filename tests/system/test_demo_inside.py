"""The demo in this process, with options that the command line does not have."""

from pathlib import Path

import pytest
import yaml

from probewatch.commands import demo as command
from probewatch.playground.demo.demo import MANIFEST, DemoOptions
from probewatch.playground.demo.operator import OperatorEndedError, OperatorProcess
from probewatch.playground.demo.show import PlainShow
from probewatch.playground.processes.guard import Guard
from probewatch.playground.program import find_program

SPEED = 20.0

pytestmark = pytest.mark.slow


async def test_it_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """If everything expected was seen, the exit code is 0; the pod's states are printed."""
    lines: list[str] = []
    status = await command.run(DemoOptions(speed=SPEED), PlainShow(lines.append), keep=False)

    assert 0 == status
    assert f"Look further\n  {find_program()} demo --keep" in capsys.readouterr().out
    told = "\n".join(lines)
    for words in ("a cluster with one node", "webapl  1/1  Running  0", "webapl  0/1  Running  1"):
        assert words in told


async def test_another_end_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that exits by itself fails the demo, with the cause that was found."""
    pod = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    pod["spec"]["containers"][0] |= {"image": "probewatch/story:1", "args": ["-exit-at", "9"]}
    manifest = tmp_path / "pod.yaml"
    manifest.write_text(yaml.safe_dump(pod), encoding="utf-8")
    options = DemoOptions(speed=SPEED, manifest=manifest, patience=0.5)
    status = await command.run(options, PlainShow(lambda _line: None), keep=False)

    assert 1 == status
    said = capsys.readouterr().err
    assert "- a restart with cause LivenessProbe, Confirmed" in said
    assert "The restart was taken for Completed." in said
    assert '"message": "probewatch starts"' in said


async def test_an_operator_that_ends_is_reported_with_its_last_line(tmp_path: Path) -> None:
    """An operator that cannot start is reported with its last log line."""
    guard = await Guard.begin()
    operator = OperatorProcess(str(tmp_path / "none"), guard, tell=lambda _line: None)
    with pytest.raises(OperatorEndedError, match=r"ended with status 1\n  .*none"):
        async with operator:
            pytest.fail("it cannot have started")
    await guard.close()
