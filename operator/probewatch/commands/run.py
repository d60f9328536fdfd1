"""`probewatch run`: the operator, until a signal ends it."""

import argparse
import logging
import os
from collections.abc import Mapping

from probewatch import logs
from probewatch.clock import Clock
from probewatch.commands.cluster import add_cluster_flags, log_in
from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.metrics.listening import parse_address
from probewatch.service.parts import Parts
from probewatch.service.runtime import (
    collect_rarely,
    find_loop_factory,
    find_version,
    run_on_best_loop,
)
from probewatch.service.service import Service
from probewatch.service.signals import stop_on_signals
from probewatch.settings import LogFormat, LogLevel, Settings, find_unknown

_log = logging.getLogger(__name__)

DESCRIPTION = """\
Run the operator. It watches the pods that have probes, and reports why each container restarted
and when and why readiness changed: as Kubernetes Events on the pod, as ProbeReports, as
metrics, and in the log. It never changes a pod.

The cluster is found as in kubectl: --kubeconfig, $KUBECONFIG, ~/.kube/config, or in a pod its
service account. If the API server is unavailable, the operator waits until it is back."""

EPILOG = """\
examples:
  probewatch run                                 the current context's cluster
  probewatch run --context staging --dry-run     write nothing to the cluster
  probewatch run --namespace shop -n cart        two; a Role in each is enough
  probewatch run --selector 'app in (web, api)'  only these pods
  probewatch run --metrics-address 127.0.0.1:9090
  curl localhost:8080/metrics                    also /healthz and /readyz

Every setting has an environment variable, including those without a flag, such as
PROBEWATCH_LOOP_RESTARTS: see docs/configuration.md. A flag overrides its variable.

SIGTERM or Ctrl-C shuts it down in an orderly way; a second one ends it at once.

exit status:
  0  ended by a signal
  1  no usable kubeconfig
  2  a flag or a variable is invalid"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        *("-n", "--namespace"),
        action="append",
        metavar="NAMESPACE",
        help="namespace to watch; repeatable (default: all)",
    )
    add_cluster_flags(parser)
    parser.add_argument(
        *("-l", "--selector"), metavar="LABELS", help="watch only pods with these labels"
    )
    parser.add_argument(
        "--dry-run",
        action="store_const",
        const="true",
        help="write nothing to the cluster; keep metrics and log",
    )
    parser.add_argument(
        "--metrics-address",
        metavar="HOST:PORT",
        help="where /metrics, /healthz and /readyz are served (default :8080, all addresses)",
    )
    forms, levels = ([each.value for each in kind] for kind in (LogFormat, LogLevel))
    parser.add_argument(
        "--log-format", choices=forms, help="default: auto, which is text on a terminal, else json"
    )
    parser.add_argument("--log-level", choices=levels, help="default: info")


def main(args: argparse.Namespace) -> int:
    """Run the operator until a signal ends it; return the exit status."""
    settings = read_settings(args, os.environ)
    logs.configure(log_format=settings.log_format, level=settings.log_level)
    for name in find_unknown(os.environ):
        _log.warning("A variable looks like a setting but is none", extra={"variable": name})
    collect_rarely()
    run_on_best_loop(serve(settings, os.environ))
    return 0


def read_settings(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the environment, overridden by the flags; raises SettingsError."""
    settings = Settings.from_env(environ, _overrides(args))
    if args.metrics_address:  # fails before anything starts, and names the flag
        parse_address(args.metrics_address, source="--metrics-address")
    return settings


async def serve(settings: Settings, environ: Mapping[str, str]) -> None:
    """Run the operator in this event loop until a signal ends it."""
    clock = Clock()
    login = await log_in(settings, environ, clock)
    refuse_impersonation(login.access)
    client = ApiClient(login, timeout_seconds=settings.request_timeout_seconds, clock=clock)
    async with client:
        parts = Parts(settings=settings, login=login, client=client, clock=clock)
        _log_start(settings, client)
        with stop_on_signals() as stop:
            await Service(parts).run(stop)
    _log.info("Ended")


def refuse_impersonation(access: Access) -> None:
    """Raise KubeconfigError for a user that acts as another one: kopf cannot do that.

    It would read ProbePolicies with the user's own rights, all else with those of the other.
    """
    if access.impersonation:
        raise KubeconfigError(
            f"{access.where}: `as` of the user is for the other commands; run the operator with "
            "credentials of its own"
        )


def _overrides(args: argparse.Namespace) -> dict[str, str | None]:
    """Return the values of the flags by setting name; None where a flag was not given."""
    return {
        "namespaces": ",".join(args.namespace) if args.namespace else None,
        "kubeconfig": args.kubeconfig,
        "context": args.context,
        "pod_selector": args.selector,
        "dry_run": args.dry_run,
        "metrics_address": args.metrics_address,
        "log_format": args.log_format,
        "log_level": args.log_level,
    }


def _log_start(settings: Settings, client: ApiClient) -> None:
    _log.info(
        "probewatch starts",
        extra={
            "version": find_version(),
            "server": client.server,
            "namespaces": ",".join(settings.namespaces) or "all",
            "selector": settings.pod_selector,
            "dry_run": settings.dry_run,
            "instance": settings.instance,
            "metrics": settings.metrics_address,
            "loop": "uvloop" if find_loop_factory() else "asyncio",
        },
    )
