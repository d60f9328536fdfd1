"""`probewatch playground`: the embedded cluster by itself, for kubectl and pods of one's own."""

import argparse

from probewatch.commands.help import Help
from probewatch.playground.command import DESCRIPTION, EPILOG, add_flags, start


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    add_flags(
        subparsers.add_parser(
            "playground",
            description=DESCRIPTION,
            epilog=EPILOG,
            formatter_class=Help,
        )
    )


def main(args: argparse.Namespace) -> int:
    """Run the cluster until it is interrupted; return the exit status."""
    return start(args)
