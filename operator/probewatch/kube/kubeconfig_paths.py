"""Finds the kubeconfigs to read, as kubectl does."""

from collections.abc import Mapping
from pathlib import Path

from probewatch.errors import KubeconfigError

PATHS_VARIABLE = "KUBECONFIG"
PATHS_SEPARATOR = ":"


def find_paths(flag: str, environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Return the kubeconfigs to read: the flag's, else `$KUBECONFIG`'s, else `~/.kube/config`.

    The result is empty if none is named and the default does not exist. Some of `$KUBECONFIG`'s
    files may be missing, as with kubectl. Raises KubeconfigError if no named file exists.
    """
    if flag:
        path = Path(flag).expanduser()
        if not path.exists():
            raise KubeconfigError(f"kubeconfig {flag}: no such file")
        return (path,)
    if named := environ.get(PATHS_VARIABLE, ""):
        paths = [Path(each).expanduser() for each in named.split(PATHS_SEPARATOR) if each]
        if not (existing := tuple(path for path in paths if path.exists())):
            raise KubeconfigError(f"kubeconfig {named} (of ${PATHS_VARIABLE}): no such file")
        return existing
    usual = home / ".kube" / "config"
    return (usual,) if usual.exists() else ()
