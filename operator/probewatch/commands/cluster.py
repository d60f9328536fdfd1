"""Shared by the commands that use a cluster: their flags, the login, and an open API client."""

import argparse
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from probewatch import logs
from probewatch.clock import Clock
from probewatch.kube.client import ApiClient
from probewatch.kube.credentials import find_credentials, find_home
from probewatch.kube.login import Login
from probewatch.setting_bounds import check_namespace, check_selector
from probewatch.settings import LogFormat, LogLevel, Settings


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that select the cluster, as in kubectl."""
    parser.add_argument("--kubeconfig", metavar="FILE", help="path of the kubeconfig")
    parser.add_argument("--context", metavar="NAME", help="context in the kubeconfig")


def log_little() -> None:
    """Log warnings and errors only, as text on standard error."""
    logs.configure(log_format=LogFormat.TEXT, level=LogLevel.WARNING)


def read_settings(args: argparse.Namespace, **overrides: str | None) -> Settings:
    """Return the settings of the environment and the flags; raises SettingsError.

    A namespace or selector that cannot be is refused before the API server is asked.
    """
    if isinstance(namespace := getattr(args, "namespace", None), str) and namespace:
        check_namespace(namespace)
    check_selector(getattr(args, "selector", None) or "")
    flags = {"kubeconfig": args.kubeconfig, "context": args.context, **overrides}
    return Settings.from_env(os.environ, flags)


async def log_in(settings: Settings, environ: Mapping[str, str], clock: Clock) -> Login:
    """Return a login with its credentials; raises KubeconfigError."""
    credentials = find_credentials(
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        environ=environ,
        home=find_home(environ),
    )
    login = Login(credentials, clock=clock)
    await login.read()
    return login


@asynccontextmanager
async def open_client(settings: Settings, clock: Clock) -> AsyncIterator[ApiClient]:
    """Yield a client that is logged in; raises KubeconfigError."""
    login = await log_in(settings, os.environ, clock)
    async with ApiClient(
        login, timeout_seconds=settings.request_timeout_seconds, clock=clock
    ) as client:
        yield client
