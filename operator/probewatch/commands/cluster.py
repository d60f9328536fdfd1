"""What the commands that ask a cluster share: their flags, and an open API client."""

import argparse
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import msgspec

from probewatch import logs
from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.client import ApiClient
from probewatch.kube.credentials import find_credentials
from probewatch.kube.login import Login
from probewatch.kube.sanitize import sanitize
from probewatch.settings import LogFormat, LogLevel, Settings

WORDS_LIMIT = 300
"""Bytes of the API server's own words in a message of ours."""


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self, verb: str, path: str, *, params: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


class _Status(msgspec.Struct):
    message: str = ""


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which cluster, as kubectl has them."""
    parser.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig to use")
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig")


def read_settings(args: argparse.Namespace, **overrides: str | None) -> Settings:
    """Return the settings of the environment and the flags; logs only what a person must know."""
    flags = {"kubeconfig": args.kubeconfig, "context": args.context, **overrides}
    logs.configure(log_format=LogFormat.TEXT, level=LogLevel.WARNING)
    return Settings.from_env(os.environ, flags)


@asynccontextmanager
async def open_client(settings: Settings, clock: Clock) -> AsyncIterator[ApiClient]:
    """Give a client that is logged in; raises KubeconfigError."""
    credentials = find_credentials(
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        environ=os.environ,
        home=Path.home(),
    )
    login = Login(credentials, clock=clock)
    await login.read()
    async with ApiClient(
        login, timeout_seconds=settings.request_timeout_seconds, clock=clock
    ) as client:
        yield client


async def ask(requester: Requester, path: str, params: Mapping[str, str] | None = None) -> bytes:
    """Return what is at *path*; raises ApiError with the API server's own words if it says no."""
    status, body = await requester.request("GET", path, params=params)
    if status == HTTPStatus.OK:
        return body
    raise refusal(status, body)


def refusal(status: int, body: bytes) -> ApiError:
    """Return the error for an answer that is none."""
    if status == HTTPStatus.UNAUTHORIZED:
        return ApiError("the API server refuses the credentials (401)", status=status)
    try:
        message = msgspec.json.decode(body, type=_Status).message
    except msgspec.DecodeError:
        message = ""
    words = sanitize(message, limit=WORDS_LIMIT) or "no reason given"
    missing = "a right is missing: " if status == HTTPStatus.FORBIDDEN else ""
    return ApiError(f"{missing}the API server answers {status}: {words}", status=status)
