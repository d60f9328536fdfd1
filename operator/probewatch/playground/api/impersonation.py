"""Impersonation (`kubectl --as`): who may act as another user, and with which groups."""

from probewatch.playground.api.requests import Request
from probewatch.playground.api.rights import Action, Rights, denied
from probewatch.playground.api.users import AUTHENTICATED, User, service_account

USER_HEADER, GROUP_HEADER = "Impersonate-User", "Impersonate-Group"
ACCOUNT_PREFIX = "system:serviceaccount:"


def impersonate(user: User, request: Request, rights: Rights) -> User:
    """Return the user that *user* acts as in this request; without a header, *user*.

    Raises StatusError 403 if *user* may not impersonate that one.
    """
    name = request.headers.get(USER_HEADER, "")
    if not name:
        return user
    groups = tuple(request.header_values(GROUP_HEADER))
    for action in (_action(name), *(_group_action(group) for group in groups)):
        if rights.find(user, action) is None:
            raise denied(user, action)
    if name.startswith(ACCOUNT_PREFIX):
        account = service_account(*name.removeprefix(ACCOUNT_PREFIX).split(":", 1))
        return User(name=name, groups=groups or account.groups)
    return User(name=name, groups=(*groups, AUTHENTICATED))


def _action(name: str) -> Action:
    if not name.startswith(ACCOUNT_PREFIX):
        return Action(verb="impersonate", resource="users", name=name)
    namespace, _, account = name.removeprefix(ACCOUNT_PREFIX).partition(":")
    return Action(verb="impersonate", resource="serviceaccounts", namespace=namespace, name=account)


def _group_action(group: str) -> Action:
    return Action(verb="impersonate", resource="groups", name=group)
