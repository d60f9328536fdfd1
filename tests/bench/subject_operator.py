"""(b): the whole operator, as `probewatch run` starts it.

The only addition is a last sink, which notes when a finding has passed all others.
"""

import json
import os
import tempfile
from pathlib import Path

from probewatch.cli import load_command
from tests.bench.gate import wait_for_start


def kubeconfig(server: str) -> str:
    """A kubeconfig for the load server."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "load",
        "contexts": [{"name": "load", "context": {"cluster": "load", "user": "load"}}],
        "clusters": [{"name": "load", "cluster": {"server": server}}],
        "users": [{"name": "load", "user": {}}],
    }
    return json.dumps(config)


def main() -> None:
    """Run the operator against the server that is given once everything is loaded."""
    command = load_command("run")  # first, since it decides what else is loaded
    from probewatch import logs  # noqa: PLC0415  # likewise
    from probewatch.kube import file_credentials  # noqa: F401, PLC0415  # as a kubeconfig will
    from probewatch.service.runtime import collect_rarely, run_on_best_loop  # noqa: PLC0415  # likewise
    from probewatch.settings import Settings  # noqa: PLC0415  # likewise
    from tests.bench.timed_parts import TimedParts  # noqa: PLC0415  # likewise

    server = wait_for_start()
    command.Parts = TimedParts  # type: ignore[attr-defined]  # the one thing that is added
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kubeconfig")
        path.write_text(kubeconfig(server), encoding="utf-8")
        settings = Settings(kubeconfig=str(path), metrics_address="127.0.0.1:0")
        logs.configure(log_format=settings.log_format, level=settings.log_level)
        collect_rarely()
        run_on_best_loop(command.serve(settings, os.environ))


if __name__ == "__main__":
    main()
