"""`probewatch version`: which probewatch this is, and on what it runs."""

import argparse
import json
import platform
from collections.abc import Mapping
from importlib import metadata

DESCRIPTION = "Print the version of probewatch and of its dependencies."

EPILOG = """\
examples:
  probewatch version               one line for each part
  probewatch version -o json       one JSON object, for programs"""

PARTS = ("probewatch", "kopf", "kubernetes", "prometheus-client", "aiohttp", "msgspec", "uvloop")
"""uvloop is optional and left out where it is not installed."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def main(args: argparse.Namespace) -> int:
    """Print the versions."""
    versions = find_versions()
    if args.output == "json":
        print(json.dumps(versions, indent=1))
    else:
        print("\n".join(f"{part} {version}" for part, version in versions.items()))
    return 0


def find_versions() -> Mapping[str, str]:
    """Return the version of each installed part, this project's first."""
    versions = {part: _version(part) for part in PARTS}
    found = {part: version for part, version in versions.items() if version}
    return {**found, "python": platform.python_version()}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
