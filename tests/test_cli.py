"""The command line: exit codes, usage errors, help, signals and closed streams."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from probewatch import cli
from probewatch.commands.replay import NO_PODS
from probewatch.errors import InputError, KubeconfigError


class FakeCommand(ModuleType):
    """A command that returns an exit code or raises an error, as the test wants it."""

    def __init__(self, ending: BaseException | int) -> None:
        super().__init__("fake")
        self.ending = ending

    DESCRIPTION = EPILOG = ""

    def add_flags(self, parser: object) -> None:
        pass

    def main(self, _args: object) -> int:
        if isinstance(self.ending, BaseException):
            raise self.ending
        return self.ending


@pytest.fixture(name="fake_command")
def _fake_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "fake", "…")


def run_fake(monkeypatch: pytest.MonkeyPatch, ending: BaseException | int) -> int:
    monkeypatch.setitem(sys.modules, "probewatch.commands.fake", FakeCommand(ending))
    return cli.main(["fake"])


@pytest.mark.usefixtures("fake_command")
@pytest.mark.parametrize(
    ("ending", "status"),
    [
        pytest.param(0, 0, id="done"),
        pytest.param(3, 3, id="the command's own"),
        pytest.param(KubeconfigError("no such context: 'x'"), 1, id="failed"),
        pytest.param(InputError("a.jsonl:3: not a record"), 2, id="bad input"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupted"),
    ],
)
def test_exit_status_tells_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, ending: BaseException | int, status: int
) -> None:
    """Scripts can tell success, failure, bad input and interruption apart by the exit code."""
    assert status == run_fake(monkeypatch, ending)


@pytest.mark.usefixtures("fake_command")
def test_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that the user can fix is one line on standard error."""
    run_fake(monkeypatch, KubeconfigError("no such context: 'x'"))

    out, err = capsys.readouterr()
    assert ("", "probewatch: no such context: 'x'\n") == (out, err)


@pytest.mark.usefixtures("fake_command")
def test_error_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the program is no error of the user's: it is raised with its traceback."""
    with pytest.raises(ZeroDivisionError):
        run_fake(monkeypatch, ZeroDivisionError())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, or with `--help`, all commands are listed, with summaries and examples."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    out = capsys.readouterr().out
    assert 0 == ended.value.code
    listed = dict(line.split(maxsplit=1) for line in out.splitlines() if line.startswith("    "))
    assert cli.COMMANDS == listed
    assert "examples:" in out


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_each_command_teaches_its_use(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help of a command has examples that begin with the program's name."""
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    out = capsys.readouterr().out
    assert 0 == ended.value.code
    assert f"usage: probewatch {name}" in out
    assert f"  probewatch {name}" in out.partition("examples:")[2]


@pytest.mark.parametrize(
    "arguments", [["no-such"], ["--no-such"], ["version", "--no-such"], ["version", "extra"]]
)
def test_wrong_call_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command or flag prints the usage and exits with code 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert 2 == ended.value.code
    assert "usage: probewatch" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["report", "--no-such"], ["explain", "pod", "extra"]])
def test_wrong_call_shows_the_usage_of_its_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown argument of a command is answered with the usage of that command."""
    with pytest.raises(SystemExit):
        cli.main(arguments)

    err = capsys.readouterr().err
    assert f"usage: probewatch {arguments[0]} [-h]" in err
    assert f"probewatch {arguments[0]}: error: unrecognized arguments: {arguments[-1]}" in err


def test_wrong_choice_shows_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid choice is answered with the list of valid ones."""
    with pytest.raises(SystemExit):
        cli.main(["run", "--log-level", "loud"])

    assert "choose from 'debug', 'info', 'warning', 'error'" in capsys.readouterr().err


def test_wrong_address_is_refused_by_its_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid value is reported under the flag's name before the operator starts."""
    assert 2 == cli.main(["run", "--metrics-address", "nowhere"])

    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("probewatch: --metrics-address is 'nowhere'; it has to be host:port")


def test_version_names_all_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """`version` also prints the versions of kopf, kubernetes and Python, for bug reports."""
    assert 0 == cli.main(["version"])

    out = capsys.readouterr().out
    assert out.startswith("probewatch ")
    assert all(f"\n{part} " in out for part in ("kopf", "kubernetes", "python"))


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_a_flag_too(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` and `-V` work like `version`."""
    with pytest.raises(SystemExit) as ended:
        cli.main([flag])

    assert 0 == ended.value.code
    assert capsys.readouterr().out.startswith("probewatch ")


@pytest.mark.slow
def test_help_imports_no_heavy_library() -> None:
    """`--help` is quick: neither kopf nor kubernetes nor aiohttp is imported for it."""
    code = (
        "import sys; sys.path.insert(0, 'operator'); from probewatch import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('kopf', 'kubernetes', 'aiohttp') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # our own code

    assert done.stdout.endswith("[]\n")


@pytest.mark.slow
def test_reader_may_go_away() -> None:
    """`probewatch version | head` ends quietly when the pipe is closed."""
    code = (
        "import os, sys; sys.path.insert(0, 'operator'); from probewatch import cli\n"
        "sys.exit(cli.main(['version']))"
    )
    reading, writing = os.pipe()
    os.close(reading)

    command = [sys.executable, "-c", code]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)  # noqa: S603  # our own code

    assert (141, b"") == (done.returncode, done.stderr)


RUN = "import sys; sys.path.insert(0, 'operator'); from probewatch import cli; sys.exit(cli.main())"

CLOSED = {
    "output": ("version", ">&-", 0, ""),
    "errors": ("explain x --kubeconfig /nowhere", "2>&-", 1, ""),
    "input": ("replay -", "<&-", 0, f"probewatch: {NO_PODS}\n"),
    "a manifest": ("advise -f -", "<&-", 2, "probewatch: <stdin>: no Kubernetes object in it\n"),
    "all": ("version", "<&- >&- 2>&-", 0, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize(("words", "streams", "status", "told"), CLOSED.values(), ids=CLOSED.keys())
def test_streams_may_be_closed(words: str, streams: str, status: int, told: str) -> None:
    """A closed standard input counts as empty; output to a closed stream is discarded."""
    shell = f'"$1" -c "$2" {words} {streams}'

    command = ["/bin/sh", "-c", shell, "sh", sys.executable, RUN]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True)  # noqa: S603  # our own code

    assert (status, told) == (done.returncode, done.stderr)


INTERRUPT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "probewatch.commands.replay":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000): pass
            except KeyboardInterrupt:
                raise RuntimeError("what an import makes of it")
sys.meta_path.insert(0, Finder())
"""
"""Sends SIGINT while a command's module is imported."""


@pytest.mark.slow
@pytest.mark.parametrize(("trap", "status"), [("", -2), ("trap '' INT; ", 2)], ids=["no", "yes"])
def test_interrupt_while_modules_load_leaves_no_traceback(trap: str, status: int) -> None:
    """Ctrl-C while modules are imported ends the program; an ignored SIGINT stays ignored."""
    shell = f'{trap}exec "$1" -c "$2" replay /nowhere'

    command = ["/bin/sh", "-c", shell, "sh", sys.executable, INTERRUPT + RUN]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603  # our own code

    assert status == done.returncode
    assert "Traceback" not in done.stderr


SIGNALLED = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "probewatch.commands.replay":
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Finder())
"""
"""Sends SIGTERM while a command's module is imported."""
AS_PROCESS_1 = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")


def can_be_process_1() -> bool:
    """Whether this machine lets us create a PID namespace."""
    command = [*AS_PROCESS_1, "true"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # util-linux
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("above", [(), AS_PROCESS_1], ids=["anywhere", "process 1"])
def test_end_of_the_pod_while_modules_load(above: tuple[str, ...]) -> None:
    """SIGTERM while modules are imported ends the program, also as process 1 of a container."""
    if above and not can_be_process_1():
        pytest.skip("no namespaces may be made here")
    command = [*above, sys.executable, "-c", SIGNALLED + RUN, "replay", "/nowhere"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603  # our own code

    assert done.returncode in {-signal.SIGTERM, 128 + signal.SIGTERM}
    assert "Traceback" not in done.stderr


IMPATIENT = """
import asyncio, os, signal
from probewatch.service.signals import stop_on_signals
async def end():
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
asyncio.run(end())
"""
"""Sends itself a second SIGTERM during an orderly shutdown."""


@pytest.mark.slow
@pytest.mark.parametrize("above", [(), AS_PROCESS_1], ids=["anywhere", "process 1"])
def test_second_signal_kills_it(above: tuple[str, ...]) -> None:
    """A second signal ends the program at once, also as process 1 of a container."""
    if above and not can_be_process_1():
        pytest.skip("no namespaces may be made here")
    command = [*above, sys.executable, "-c", IMPATIENT]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # our own code

    assert done.returncode in {-signal.SIGTERM, 128 + signal.SIGTERM}


FULL = Path("/dev/full")
"""A device on which every write fails with "No space left on device" (Linux)."""


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["version", "advise -f deploy/demo/hc-probe.yaml"])
def test_full_disk_is_one_line(words: str) -> None:
    """Output that cannot be written is reported in one line, with exit code 1."""
    command = [sys.executable, "-c", RUN, *words.split()]
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)  # noqa: S603  # our own code

    expected = "probewatch: the output cannot be written: No space left on device\n"
    assert (1, expected) == (done.returncode, done.stderr)


@pytest.mark.slow
def test_terminal_may_have_few_characters(tmp_path: Path) -> None:
    """A character that the output's encoding lacks is printed as a question mark."""
    probe = {"tcpSocket": {"port": 80}, "failureThreshold": 1}
    spec = {"containers": [{"name": "a×b", "livenessProbe": probe}]}
    (tmp_path / "pod.yaml").write_text(json.dumps({"kind": "Pod", "spec": spec}))
    command = [sys.executable, "-c", RUN, "advise", "-f", str(tmp_path / "pod.yaml")]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(command, capture_output=True, check=False, env=environment)  # noqa: S603  # our own code

    assert (0, b"") == (done.returncode, done.stderr)
    assert b"a?b Liveness" in done.stdout


@pytest.mark.parametrize(
    ("called_as", "name"),
    [
        ("/usr/bin/kubectl-probewatch", "kubectl probewatch"),
        ("/usr/bin/probewatch", "probewatch"),
        ("__main__.py", "probewatch"),
    ],
)
def test_usage_names_the_program_as_it_was_called(called_as: str, name: str) -> None:
    """Called as a plugin of kubectl, the usage says `kubectl probewatch`."""
    assert name == cli.program_name(called_as)
