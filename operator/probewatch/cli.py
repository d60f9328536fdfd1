"""The command line: finds the command, runs it, and prints errors as one line.

The module of a command is imported only when the command is called, so that
`probewatch --help` and shell completion stay fast. `kubectl probewatch …`
is the same program under another name.
"""

import argparse
import contextlib
import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import NoReturn

from probewatch.commands.help import Help
from probewatch.commands.lines import render_lines
from probewatch.default_signals import let_kill
from probewatch.errors import ProbewatchError
from probewatch.lean_imports import import_leanly

FAILED = 1

INTERRUPTED = 130
"""128 + SIGINT, the convention of shells."""

BROKEN_PIPE = 141
"""128 + SIGPIPE: the reader of our output has gone, as in `probewatch replay … | head`."""

PLUGIN = "kubectl-probewatch"
"""The name under which kubectl finds a plugin."""

WRITE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of writing, which are attributed to the output; commands report errors of their input."""

DESCRIPTION = """\
probewatch tells you why each container in a Kubernetes cluster restarted, and
when and why the readiness of its pods changed."""

EPILOG = """\
examples:
  probewatch demo                       see it work, without a cluster
  probewatch report -A                  what is restarting, and why
  probewatch explain web-7d9f-x         what happened to one pod
  probewatch run                        the operator, for the current context
  probewatch COMMAND --help             what a command does, with examples

exit status:
  0  done   1  failed   2  wrong usage, or an invalid file
  130  interrupted   141  the reader of the output has gone"""


COMMANDS: Mapping[str, str] = {
    "run": "run the operator",
    "demo": "show a real probe failure end to end, on an embedded cluster",
    "playground": "run that cluster by itself, for kubectl and pods of your own",
    "record": "record the pods and Events of a cluster to a file",
    "replay": "print why containers restarted, from a recording",
    "report": "list what is restarting, and why",
    "explain": "explain what happened to one pod, with the evidence",
    "advise": "check the probes of manifests or of running workloads",
    "version": "print the version",
}
"""The summary of each command; its module in `probewatch.commands` has the same name."""

VERSION = ("-V", "--version")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; errors a user can fix have no traceback."""
    _prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # errors of writing have to show here: at exit it is too late
    except ProbewatchError as error:
        _print_error(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        _print_error(_describe(error))
        _discard_output()
        return FAILED


def _prepare_streams() -> None:
    """Replace closed standard streams by /dev/null, and let stdout take any text."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            _open_null_device(number)
            setattr(sys, name, os.fdopen(number, mode))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _open_null_device(number: int) -> None:
    """Open /dev/null as descriptor *number*, or the next file or socket would get it."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)  # noqa: FBT003  # it is positional-only


def _discard_output() -> None:
    """Point stdout to /dev/null: Python flushes it at exit, and would report the error again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(error: str) -> None:
    with contextlib.suppress(OSError):  # with standard error closed or full, the status remains
        print("probewatch: " + render_lines(error.split("\n")), file=sys.stderr, flush=True)


def _describe(error: OSError) -> str:
    """Return the message of an OSError with the file it is about."""
    is_output = error.errno in WRITE_ERRORS
    subject = error.filename or ("the output cannot be written" if is_output else "")
    return ": ".join(filter(None, (subject, error.strerror or str(error))))


def _run(arguments: Sequence[str]) -> int:
    name = find_command(arguments)
    if name is None:
        _exit_without_command(arguments)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        let_kill(signal.SIGTERM)
    with _default_interrupts():
        module = load_command(name)
    args = parse(module, arguments)
    status: int = module.main(args)
    return status


@contextlib.contextmanager
def _default_interrupts() -> Iterator[None]:
    """Let SIGINT kill the program while modules are imported.

    A KeyboardInterrupt inside an import can surface as another exception, with a traceback.
    If SIGINT is ignored or handled already, that is left as it is.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    let_kill(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def find_command(arguments: Sequence[str]) -> str | None:
    """Return the first argument if it is a command, else None."""
    first = next(iter(arguments), "")
    return first if first in COMMANDS else None


def load_command(name: str) -> ModuleType:
    """Return the module of a command."""
    import_leanly()
    return importlib.import_module(f"probewatch.commands.{name}")


def program_name(called_as: str) -> str:
    """Return the name to show in help: `probewatch`, or `kubectl probewatch` for the plugin."""
    name = os.path.basename(called_as)  # noqa: PTH119  # pathlib is slow to import
    return "kubectl probewatch" if name == PLUGIN else "probewatch"


def parse(module: ModuleType, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of a command; unknown ones end the program with the command's usage."""
    parser, commands = _begin_parser()
    command = commands.add_parser(
        arguments[0],
        description=module.DESCRIPTION,
        epilog=module.EPILOG,
        formatter_class=Help,
    )
    module.add_flags(command)
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return args


def build_parser() -> argparse.ArgumentParser:
    """Return a parser that knows all commands but not their arguments, for help and errors."""
    parser, commands = _begin_parser()
    parser.add_argument(*VERSION, action="store_true", help="the same as the command version")
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    return parser


def _begin_parser() -> tuple[
    argparse.ArgumentParser, "argparse._SubParsersAction[argparse.ArgumentParser]"
]:
    parser = argparse.ArgumentParser(
        prog=program_name(sys.argv[0]),
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=Help,
    )
    return parser, parser.add_subparsers(metavar="COMMAND", title="commands", required=True)


def _exit_without_command(arguments: Sequence[str]) -> NoReturn:
    """Handle a call without a command: print help, version or an error, and end the program."""
    parser = build_parser()
    if not arguments:
        parser.print_help()
        parser.exit(0)
    if arguments[0] in VERSION:
        module = load_command("version")
        parser.exit(module.main(parse(module, ["version"])))
    parser.parse_args(arguments)
    parser.error("no such command")
