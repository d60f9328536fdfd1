"""Credentials: where they come from, and reading them (again) through the official client.

Tokens in files are renewed under our feet, those of plugins expire; so reading
is something that is done again and again. All that can be wrong with files and
plugins is a KubeconfigError of one line.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, incluster_config
from kubernetes.aio.config.kube_config import KubeConfigLoader

from probewatch.errors import KubeconfigError
from probewatch.kube.kubeconfig import PATHS_VARIABLE, Kubeconfig, find_paths, read_kubeconfig
from probewatch.kube.sanitize import sanitize

PLUGIN_SECONDS = 60.0
"""A credential plugin may ask a person; longer than this it hangs."""

WORDS_LIMIT = 300
"""Bytes of someone else's words in a message of ours."""

BROKEN = (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError)
"""What the official client raises over files that are not as they should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach the API server, as of now; paths are of PEM files."""

    where: str
    """What it was read from, for messages."""
    server: str
    authorization: str = field(default="", repr=False)
    """The header's value, scheme included; empty without one."""
    ca_path: str = ""
    certificate_path: str = ""
    private_key_path: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    proxy: str = field(default="", repr=False)
    namespace: str = ""
    """Where commands look that name no namespace."""


class Credentials(Protocol):
    """One source of credentials."""

    async def read(self, *, refused: bool) -> Access:
        """Return them as they are now; *refused*: the server did not take the last ones."""
        ...


def find_credentials(
    *, kubeconfig: str, context: str, environ: Mapping[str, str], home: Path
) -> Credentials:
    """Return where credentials come from: kubeconfigs as kubectl finds them, else the pod's own.

    Raises KubeconfigError where there is nothing.
    """
    paths = find_paths(kubeconfig, environ, home)
    if paths:
        return FileCredentials(paths, context)
    if environ.get(incluster_config.SERVICE_HOST_ENV_NAME):
        return PodCredentials(environ)
    raise KubeconfigError(
        f"no cluster is configured: no --kubeconfig, no ${PATHS_VARIABLE}, no ~/.kube/config, "
        "and this is not a pod"
    )


def find_home(environ: Mapping[str, str]) -> Path:
    """Return the home folder; one that is not there for a user without any, as in a container."""
    return Path(environ.get("HOME") or "/nonexistent")


class FileCredentials:
    """Those of kubeconfigs; files are read anew each time, plugins run when it is time."""

    def __init__(self, paths: tuple[Path, ...], context: str) -> None:
        self._paths = paths
        self._context = context
        self._loader: KubeConfigLoader | None = None
        self._access: Access | None = None

    async def read(self, *, refused: bool) -> Access:
        """Return the credentials of the context."""
        config = read_kubeconfig(self._paths, self._context)
        if not config.plugin or refused or self._loader is None or self._access is None:
            self._loader = KubeConfigLoader(config_dict=config.node, config_base_path=None)
        elif not hasattr(self._loader, "exec_plugin_expiry"):
            # What a plugin gave without an end is good until it is refused.
            return self._access
        self._access = await _load(self._loader, config)
        return self._access


class PodCredentials:
    """Those of the service account that the kubelet puts into a pod."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        token_path: str = incluster_config.SERVICE_TOKEN_FILENAME,
        ca_path: str = incluster_config.SERVICE_CERT_FILENAME,
    ) -> None:
        self._environ = environ
        self._token_path = token_path
        self._ca_path = ca_path

    async def read(self, *, refused: bool) -> Access:  # noqa: ARG002  # files are always read anew
        """Return the credentials of the pod."""
        where = "service account of this pod"
        configuration = Configuration()
        with _told_in_one_line(where):
            loader = incluster_config.InClusterConfigLoader(
                token_filename=self._token_path,
                cert_filename=self._ca_path,
                try_refresh_token=False,
                environ=self._environ,
            )
            loader.load_and_set(configuration)
        return _access(configuration, where)


async def _load(loader: KubeConfigLoader, config: Kubeconfig) -> Access:
    where = f"kubeconfig {config.where}"
    configuration = Configuration()
    with _told_in_one_line(where), _overheard() as words:
        async with asyncio.timeout(PLUGIN_SECONDS):
            await loader.load_and_set(configuration)
    access = replace(_access(configuration, where), namespace=config.namespace)
    if config.plugin and not access.authorization and not access.certificate_path:
        said = f": {sanitize(words[-1], limit=WORDS_LIMIT)}" if words else ""
        raise KubeconfigError(f"{where}: the plugin {config.plugin} gave no credentials{said}")
    if config.token_file and not access.authorization:
        # As anybody, one is refused everything: that would look like rights that are missing.
        raise KubeconfigError(f"{where}: there is no token in {config.token_file}")
    return access


@contextmanager
def _told_in_one_line(where: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise KubeconfigError(
            f"{where}: the plugin did not end in {PLUGIN_SECONDS:.0f} s"
        ) from error
    except BROKEN as error:
        raise KubeconfigError(f"{where}: {sanitize(str(error), limit=WORDS_LIMIT)}") from error


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Catch what the official client says about plugins: it logs their failure, and goes on."""
    words: list[str] = []

    def listen(record: logging.LogRecord) -> bool:
        words.append(record.getMessage())
        return False

    logger = logging.getLogger("kubernetes.aio.config.kube_config")
    logger.addFilter(listen)
    try:
        yield words
    finally:
        logger.removeFilter(listen)


def _access(configuration: Configuration, where: str) -> Access:
    server = str(configuration.host)
    if not server.startswith(("https://", "http://")):
        raise KubeconfigError(f"{where}: the server {server!r} is not an http(s) URL")
    return Access(
        where=where,
        server=server.rstrip("/"),
        authorization=_header(configuration.api_key.get("BearerToken") or ""),
        ca_path=configuration.ssl_ca_cert or "",
        certificate_path=configuration.cert_file or "",
        private_key_path=configuration.key_file or "",
        insecure=not configuration.verify_ssl,
        tls_server_name=configuration.tls_server_name or "",
        proxy=configuration.proxy or "",
    )


def _header(authorization: str) -> str:
    """Return the header without the line end that a token's file may have."""
    scheme, _, token = authorization.partition(" ")
    return f"{scheme.capitalize()} {token.strip()}" if token.strip() else ""
