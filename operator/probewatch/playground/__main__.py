"""`python -m probewatch.playground`: the same as the command `probewatch playground`."""

import argparse
import sys

from probewatch.playground.command import DESCRIPTION, EPILOG, add_flags, start


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m probewatch.playground",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_flags(parser)
    return parser


def main() -> int:
    """Run the cluster until it is interrupted; return the exit status."""
    return start(build_parser().parse_args())


if __name__ == "__main__":
    sys.exit(main())
