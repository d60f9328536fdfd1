"""RBAC and the audit log of the playground."""

from typing import Any

import pytest

from probewatch.playground.api.rights import Action, Rights, allows
from probewatch.playground.api.server import ApiServer
from probewatch.playground.api.users import AUTHENTICATED, User, service_account
from tests.contract.client import Client

JsonObject = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"


def rule(verbs: str, resources: str, groups: str = "", names: str = "") -> JsonObject:
    return {
        "verbs": verbs.split(),
        "resources": resources.split(),
        "apiGroups": groups.split() or [""],
        "resourceNames": names.split(),
    }


LIST = Action(verb="list", resource="pods", namespace="n")
LOG = Action(verb="get", resource="pods", subresource="log", name="p", namespace="n")
METRICS = Action(verb="get", path="/metrics/x")


@pytest.mark.parametrize(
    ("expected", "granted", "action"),
    [
        (True, rule("list", "pods"), LIST),
        (False, rule("get", "pods"), LIST),
        (False, rule("list", "services"), LIST),
        (False, rule("list", "pods", "apps"), LIST),
        (True, rule("*", "*", "*"), LIST),
        (False, rule("list", "pods", names="p"), LIST),
        (True, rule("get", "pods/log", names="p"), LOG),
        (False, rule("get", "pods/log", names="q"), LOG),
        (False, rule("get", "pods"), LOG),
        (True, rule("get", "*/log"), LOG),
        (True, rule("get", "*"), LOG),
        (True, {"verbs": ["get"], "nonResourceURLs": ["/metrics/x"]}, METRICS),
        (True, {"verbs": ["get"], "nonResourceURLs": ["/metrics/*"]}, METRICS),
        (False, {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}, METRICS),
        (False, rule("get", "*", "*"), METRICS),
    ],
    ids=str,
)
def test_what_a_rule_allows(*, expected: bool, granted: JsonObject, action: Action) -> None:
    """Verb, group, resource, subresource, name and path have to match."""
    assert expected is allows(granted, action)


@pytest.fixture(name="rights")
def _rights(server: ApiServer) -> Rights:
    return Rights(server.registry.store)


def bind(server: ApiServer, role: str, subject: JsonObject, namespace: str = "") -> None:
    """Bind a ClusterRole, everywhere or in one namespace."""
    plural = "rolebindings" if namespace else "clusterrolebindings"
    type_ = server.registry.types.builtin(plural, GROUP)
    ref = {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}
    meta = {"generateName": "b-", "namespace": namespace}
    server.registry.create(type_, {"metadata": meta, "roleRef": ref, "subjects": [subject]})


ALICE = User(name="alice", groups=(AUTHENTICATED, "team"))


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "User", "name": "alice"},
        {"kind": "Group", "name": "team"},
    ],
)
def test_subjects(server: ApiServer, rights: Rights, subject: JsonObject) -> None:
    """Users and groups are bound by name."""
    bind(server, "view", subject)

    assert rights.find(ALICE, LIST)
    assert not rights.find(User(name="bob"), LIST)


def test_a_cluster_role_can_be_bound_in_a_namespace(server: ApiServer, rights: Rights) -> None:
    """A RoleBinding grants a ClusterRole's rules in its own namespace only."""
    account = {"kind": "ServiceAccount", "name": "a"}
    bind(server, "view", account, namespace="default")
    user = service_account("default", "a")

    assert rights.find(user, Action(verb="list", resource="pods", namespace="default"))
    assert not rights.find(user, Action(verb="list", resource="pods", namespace="kube-system"))
    assert not rights.find(user, Action(verb="list", resource="pods"))


def test_roles_are_put_together_by_label(server: ApiServer, rights: Rights) -> None:
    """A role with the aggregation label is part of `view`, `edit` and `admin`."""
    roles = server.registry.types.builtin("clusterroles", GROUP)
    meta = {"name": "ours", "labels": {f"{GROUP}/aggregate-to-view": "true"}}
    granted = rule("get", "probereports", "probewatch.dev")
    server.registry.create(roles, {"metadata": meta, "rules": [granted]})
    action = Action(verb="get", group="probewatch.dev", resource="probereports", name="r")

    for name in ("view", "edit", "admin"):
        user = User(name=f"a-{name}er")
        bind(server, name, {"kind": "User", "name": user.name})
        assert rights.find(user, action), name


def test_viewers_see_no_secrets(server: ApiServer, rights: Rights) -> None:
    """`view` excludes Secrets and writes; `edit` includes both."""
    for name in ("view", "edit"):
        bind(server, name, {"kind": "User", "name": name})
    secrets = Action(verb="get", resource="secrets", namespace="default", name="s")
    write = Action(verb="create", resource="pods", namespace="default")

    assert not rights.find(User(name="view"), secrets)
    assert not rights.find(User(name="view"), write)
    assert rights.find(User(name="edit"), secrets)
    assert rights.find(User(name="edit"), write)


async def test_what_was_asked_is_recorded(server: ApiServer, api: Client) -> None:
    """The audit log has user, action and decision, so that unused rights can be found."""
    bind(server, "view", {"kind": "ServiceAccount", "name": "default", "namespace": "default"})
    token = server.accounts.issue("default", "default")
    user = "system:serviceaccount:default:default"
    server.audit.clear()

    await api.call("GET", "/api/v1/pods", token=token)
    await api.call("GET", "/api/v1/secrets", token=token)

    granted = [
        Action(verb="list", resource="pods"),
        Action(verb="watch", resource="pods"),
    ]
    assert [True, False] == [record.is_allowed for record in server.audit.of(user)]
    assert [Action(verb="list", resource="secrets")] == list(server.audit.denials(user))
    assert [Action(verb="watch", resource="pods")] == list(server.audit.unused(user, granted))
    permission = server.audit.of(user)[0].permission
    assert permission
    assert "view" == permission.role


async def test_tokens_end(server: ApiServer, api: Client) -> None:
    """A revoked token is refused."""
    token = server.accounts.issue("default", "default")
    before = await api.call("GET", "/api", token=token)
    server.tokens.revoke(token)
    after = await api.call("GET", "/api", token=token)

    assert (200, 401) == (before.status, after.status)


async def test_a_token_is_for_its_audience(api: Client) -> None:
    """A TokenReview for another audience does not accept the token."""
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    spec = {"audiences": ["probewatch"], "expirationSeconds": 600}
    token = (await api.create(path, {"spec": spec}))["status"]["token"]

    async def review(audience: str) -> JsonObject:
        body = {"spec": {"token": token, "audiences": [audience]}}
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        status: JsonObject = (await api.create(path, body))["status"]
        return status

    assert ["probewatch"] == (await review("probewatch"))["audiences"]
    assert "authenticated" not in await review("other")


async def test_a_token_lives_ten_minutes_at_least(api: Client) -> None:
    """A token with a shorter lifetime is not issued."""
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"

    reply = await api.call("POST", path, {"spec": {"expirationSeconds": 10}})

    assert 422 == reply.status


async def test_rights_are_listed(server: ApiServer, api: Client) -> None:
    """A SelfSubjectRulesReview lists the caller's rules."""
    bind(server, "view", {"kind": "ServiceAccount", "name": "default", "namespace": "default"})
    token = server.accounts.issue("default", "default")
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    body = {"spec": {"namespace": "default"}}

    mine = await api.call("POST", path, body, token=token)
    admins = await api.create(path, body)

    resources = [name for r in mine.body["status"]["resourceRules"] for name in r["resources"]]
    assert "pods" in resources
    assert {"verbs": ["*"], "nonResourceURLs": ["*"]} in admins["status"]["nonResourceRules"]


@pytest.mark.parametrize(
    ("resource", "spec"),
    [
        ("subjectaccessreviews", {"resourceAttributes": {"verb": "get"}}),
        ("selfsubjectaccessreviews", {}),
    ],
)
async def test_reviews_must_be_about_something(
    api: Client, resource: str, spec: JsonObject
) -> None:
    """A review without a user or an action is refused."""
    path = f"/apis/authorization.k8s.io/v1/{resource}"

    assert 400 == (await api.call("POST", path, {"spec": spec})).status


async def test_a_path_is_reviewed(api: Client) -> None:
    """A SubjectAccessReview may ask for a path, as for /metrics."""
    spec = {"user": "bob", "nonResourceAttributes": {"verb": "get", "path": "/metrics"}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

    assert False is (await api.create(path, {"spec": spec}))["status"]["allowed"]


AS_ACCOUNT = {"Impersonate-User": "system:serviceaccount:default:default"}


async def test_one_can_act_as_another(server: ApiServer, api: Client) -> None:
    """Impersonation gives the other user's rights, and is audited as that user."""
    bind(server, "view", {"kind": "ServiceAccount", "name": "default", "namespace": "default"})
    server.audit.clear()

    pods = await api.call("GET", "/api/v1/pods", headers=AS_ACCOUNT)
    secrets = await api.call("GET", "/api/v1/secrets", headers=AS_ACCOUNT)
    group = {"Impersonate-User": "bob", "Impersonate-Group": "system:masters"}
    as_master = await api.call("GET", "/api/v1/secrets", headers=group)

    assert (200, 403, 200) == (pods.status, secrets.status, as_master.status)
    user = AS_ACCOUNT["Impersonate-User"]
    assert [True, False] == [record.is_allowed for record in server.audit.of(user)]


async def test_not_everybody_can_act_as_another(server: ApiServer, api: Client) -> None:
    """Impersonation needs a right of its own."""
    token = server.accounts.issue("default", "default")

    as_account = await api.call("GET", "/api/v1/pods", token=token, headers=AS_ACCOUNT)
    as_user = await api.call(
        "GET", "/api/v1/pods", token=token, headers={"Impersonate-User": "bob"}
    )

    assert 'cannot impersonate resource "serviceaccounts"' in as_account.body["message"]
    assert 'cannot impersonate resource "users"' in as_user.body["message"]
