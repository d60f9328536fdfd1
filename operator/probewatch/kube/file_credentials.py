"""Credentials from kubeconfigs, read by the official client.

They are read again and again, because tokens in files are renewed by others, and those of
plugins expire.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config.kube_config import KubeConfigLoader

from probewatch.errors import KubeconfigError
from probewatch.kube.access import WORDS_LIMIT, Access, access_of, as_kubeconfig_errors
from probewatch.kube.kubeconfig import Kubeconfig, read_kubeconfig
from probewatch.kube.sanitize import sanitize

PLUGIN_SECONDS = 60.0
"""Timeout of a credential plugin, which may have to ask a person."""


class FileCredentials:
    """Credentials of a kubeconfig context; files are read each time, plugins run on expiry."""

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
            # Plugin credentials without an expiration time are used until they are refused.
            return self._access
        self._access = await _load(self._loader, config)
        return self._access


async def _load(loader: KubeConfigLoader, config: Kubeconfig) -> Access:
    where = f"kubeconfig {config.where}"
    configuration = Configuration()
    with as_kubeconfig_errors(where), _captured_log() as words:
        try:
            async with asyncio.timeout(PLUGIN_SECONDS):
                await loader.load_and_set(configuration)
        except TimeoutError as error:
            late = f"{where}: the plugin did not end in {PLUGIN_SECONDS:.0f} s"
            raise KubeconfigError(late) from error
    access = replace(
        access_of(configuration, where),
        namespace=config.namespace,
        ca_named=config.ca_named,
        certificate_named=config.certificate_named,
        impersonation=config.impersonation,
    )
    if config.plugin and not access.authorization and not access.certificate_path:
        said = f": {sanitize(words[-1], limit=WORDS_LIMIT)}" if words else ""
        raise KubeconfigError(f"{where}: the plugin {config.plugin} returned no credentials{said}")
    if config.token_file and not access.authorization:
        # Requests without a token would be anonymous, and all be refused as if rights were missing.
        raise KubeconfigError(f"{where}: there is no token in {config.token_file}")
    return access


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    """Collect the official client's log messages: it logs failures of plugins, and goes on."""
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
