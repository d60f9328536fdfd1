"""Finds credentials: in kubeconfigs as kubectl does, or in the pod's own service account."""

from collections.abc import Mapping
from pathlib import Path

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import incluster_config

from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access, Credentials, access_of, as_kubeconfig_errors
from probewatch.kube.kubeconfig_paths import PATHS_VARIABLE, find_paths


def find_credentials(
    *, kubeconfig: str, context: str, environ: Mapping[str, str], home: Path
) -> Credentials:
    """Return the source of credentials: kubeconfigs as kubectl finds them, else the pod's own.

    Raises KubeconfigError if there is none.
    """
    paths = find_paths(kubeconfig, environ, home)
    if paths:
        # Reading kubeconfigs imports ten megabytes of modules that are not needed in a pod.
        from probewatch.kube.file_credentials import FileCredentials  # noqa: PLC0415  # see above

        return FileCredentials(paths, context)
    if environ.get(incluster_config.SERVICE_HOST_ENV_NAME):
        return PodCredentials(environ)
    raise KubeconfigError(
        f"no cluster is configured: no --kubeconfig, no ${PATHS_VARIABLE}, no ~/.kube/config, "
        "and this is not a pod"
    )


def find_home(environ: Mapping[str, str]) -> Path:
    """Return the home directory; a nonexistent one if there is no HOME, as in a container."""
    return Path(environ.get("HOME") or "/nonexistent")


class PodCredentials:
    """The credentials of the service account that the kubelet mounts into a pod."""

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
        with as_kubeconfig_errors(where):
            loader = incluster_config.InClusterConfigLoader(
                token_filename=self._token_path,
                cert_filename=self._ca_path,
                try_refresh_token=False,
                environ=self._environ,
            )
            loader.load_and_set(configuration)
        access = access_of(configuration, where)
        if not access.authorization:
            # Requests without a token would be anonymous, and all be refused as if rights were
            # missing.
            raise KubeconfigError(f"{where}: there is no token in {self._token_path}")
        return access
