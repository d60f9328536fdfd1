"""Lean imports: use the official client's credential loaders without importing all of it.

`import kubernetes` loads two whole clients with requests, oauthlib, websocket and more. kopf, if
it finds that package, imports its models in order to recognize its objects. This program needs
only a few modules of it. So the parent packages are put into `sys.modules` without running their
`__init__`, their modules are imported one by one, and `kubernetes.client` is hidden from kopf,
which works without it.

Measured on 2026-11-30 (Python 3.11): with all imports done, the process takes 51 MiB in a pod, and
60 with a kubeconfig, instead of 69; and 1.0 s of CPU instead of 1.2. If the official client was
imported before, nothing is changed.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType

PACKAGES = ("kubernetes", "kubernetes.aio", "kubernetes.aio.config")
"""Packages whose `__init__` is not run; their modules have to be imported by full name."""

LEFT_OUT = "kubernetes.client"
"""The synchronous client, which is hidden."""


def import_leanly() -> None:
    """Register the packages; has to be called before they, or kopf, are imported."""
    if PACKAGES[0] in sys.modules:
        return
    above: ModuleType | None = None
    for name in PACKAGES:
        spec = PathFinder.find_spec(name, above.__path__ if above else None)
        if spec is None:
            return  # the later import will say best what is missing
        module = sys.modules[name] = module_from_spec(spec)
        if above:  # its modules refer to each other by full name
            setattr(above, name.rpartition(".")[2], module)
        above = module
    sys.modules[LEFT_OUT] = None  # type: ignore[assignment]  # makes an import raise ImportError


def let_in() -> None:
    """Make the hidden client importable again."""
    if LEFT_OUT in sys.modules and sys.modules[LEFT_OUT] is None:
        del sys.modules[LEFT_OUT]
