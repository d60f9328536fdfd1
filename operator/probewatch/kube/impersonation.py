"""The user of a kubeconfig that acts as another one (`as`), and the headers that say so.

Source: client-go/tools/clientcmd/api/v1/types.go (AuthInfo), client-go/transport/round_trippers.go
(impersonatingRoundTripper), client-go/tools/clientcmd/validation.go (validateAuthInfo).
"""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from probewatch.errors import KubeconfigError

Headers = tuple[tuple[str, str], ...]
"""Names and values; a name may occur several times."""

LEGAL = "!#$&'*+-.^_`|~"
"""Characters besides letters and digits that the name of a header can have; % is escaped too."""


def read_impersonation(user: Mapping[str, object], where: str) -> Headers:
    """Return the headers of each request of a kubeconfig's *user*; none if it acts as itself.

    Raises KubeconfigError if a field is malformed, or if there are others without `as`.
    """
    name, rest = user.get("as"), (*_uids(user), *_groups(user, where), *_extra(user, where))
    if rest and not name:
        raise KubeconfigError(f"{where}: as-uid, as-groups and as-user-extra of a user need `as`")
    headers = (("Impersonate-User", str(name)), *rest) if name else ()
    if not all(value.isprintable() for _, value in headers):
        raise KubeconfigError(f"{where}: `as` of a user contains a control character")
    return headers


def _uids(user: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if uid := user.get("as-uid"):
        yield "Impersonate-Uid", str(uid)


def _groups(user: Mapping[str, object], where: str) -> Iterator[tuple[str, str]]:
    groups = user.get("as-groups") or []
    if not isinstance(groups, list):
        raise KubeconfigError(f"{where}: as-groups of a user is not a list")
    for group in groups:
        yield "Impersonate-Group", str(group)


def _extra(user: Mapping[str, object], where: str) -> Iterator[tuple[str, str]]:
    extra = user.get("as-user-extra") or {}
    if not isinstance(extra, dict) or not all(isinstance(each, list) for each in extra.values()):
        raise KubeconfigError(f"{where}: as-user-extra of a user is not a mapping of lists")
    for key, values in extra.items():
        for value in values:
            yield f"Impersonate-Extra-{quote(str(key), safe=LEGAL)}", str(value)
