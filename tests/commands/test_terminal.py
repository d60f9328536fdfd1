"""Untrusted text in files and objects cannot control the terminal."""

import json
from pathlib import Path

import pytest

from probewatch import cli
from probewatch.commands import explain, report
from probewatch.commands.render_explain import render_text
from tests.commands.shop import cluster_with, incident, parse, pod, record, standing

ESCAPES = "\x1b[2J\x1b]0;pwned\x07\nprobewatch: all is well\r\u202e"
"""Clears the screen, sets the window title, forges a line, and reverses the text direction."""

FORGED = "probewatch: all is well"


def check_lines(text: str) -> str:
    """Check that all lines are printable and none is forged."""
    assert [] == [line for line in text.split("\n") if line and not line.isprintable()]
    assert FORGED not in (line.strip() for line in text.split("\n"))
    return text


def check(capsys: pytest.CaptureFixture[str]) -> str:
    """Check standard output and standard error; an error is one line."""
    out, err = capsys.readouterr()
    assert 1 >= err.count("\n")
    return check_lines(out) + check_lines(err)


def stream_file(folder: Path) -> str:
    """A recording of one pod with such a name, which restarts."""
    lines = []
    for number in range(2):
        item = pod(f"web{ESCAPES}", restarts=number)
        item["kind"] = "Pod"
        item["metadata"]["resourceVersion"] = str(number)
        at = f"2026-11-20T10:{number:02}:00Z"
        kind = "MODIFIED" if number else "ADDED"
        lines.append(json.dumps({"receivedAt": at, "type": kind, "object": item}))
    path = folder / "r.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("output", ["table", "text"])
def test_replay_shows_no_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    """A recording with control characters is shown without them."""
    assert 0 == cli.main(["replay", stream_file(tmp_path), "-o", output])

    assert "web" in check(capsys)


def test_replay_shows_no_escapes_of_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of mistakes has no control characters either."""
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"pods": {f"web{ESCAPES}": {"app": ["OOMKilled"]}}}))

    cli.main(["replay", stream_file(tmp_path), "--truth", str(path)])

    assert "true: OOMKilled" in check(capsys)


def test_advise_shows_no_escapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither advice nor errors about a manifest have control characters."""
    item = pod(f"web{ESCAPES}")
    item["spec"]["containers"][0]["name"] = f"app{ESCAPES}"
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(item))
    assert 0 == cli.main(["advise", "-f", str(path)])
    assert "app" in check(capsys)

    item["spec"]["containers"][0]["livenessProbe"] = {"periodSeconds": "often"}
    path.write_text(json.dumps(item))
    assert 2 == cli.main(["advise", "-f", str(path)])
    assert "got `str`" in check(capsys)


async def test_explain_and_report_show_no_escapes(tmp_path: Path) -> None:
    """Neither records nor pod statuses bring control characters into the output."""
    told = incident(5, cause=ESCAPES, evidence=[ESCAPES], rule=ESCAPES, pattern=ESCAPES)
    readiness = {"losses": 1, "reasons": [{"reason": ESCAPES, "count": 1}]}
    item = pod(restarts=5)
    item["status"]["phase"] = ESCAPES
    item["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": ESCAPES}}
    cluster = await cluster_with([item], [record(readiness=readiness, incidents=[told])])
    async with standing(cluster, tmp_path) as kubeconfig:
        story = await explain.read(parse(explain, "web-x", "--kubeconfig", kubeconfig))
        view = await report.read(parse(report, "web", "--kubeconfig", kubeconfig))

    text = f"{render_text(story)}\n{report.render_tables(view)}"

    assert "app, restart 5" in check_lines(text)
