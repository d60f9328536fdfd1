"""Authentication and authorization."""

import pytest

from tests.contract.client import Client, config
from tests.contract.conftest import MakeAccount

READ = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
AUTHORIZATION = "/apis/authorization.k8s.io/v1"


async def test_an_account_may_do_what_its_role_says(
    api: Client, base: str, make_account: MakeAccount
) -> None:
    """What the role allows is allowed."""
    _, token = await make_account(READ)
    await api.create(f"{base}/configmaps", config("one"))

    one = await api.call("GET", f"{base}/configmaps/one", token=token)
    many = await api.call("GET", f"{base}/configmaps", token=token)
    async with api.watch(f"{base}/configmaps", token=token) as stream:
        kind, _ = await stream.next()

    assert (200, 200, "ADDED") == (one.status, many.status, kind)


async def test_an_account_may_do_nothing_else(
    api: Client, base: str, namespace: str, make_account: MakeAccount
) -> None:
    """Any other verb, resource or namespace is Forbidden, with the request in the message."""
    name, token = await make_account(READ)
    user = f"system:serviceaccount:{namespace}:{name}"
    replies = [
        await api.call("POST", f"{base}/configmaps", config("one"), token=token),
        await api.call("GET", f"{base}/secrets", token=token),
        await api.call("GET", "/api/v1/namespaces/default/configmaps", token=token),
        await api.call("GET", "/api/v1/configmaps", token=token),
        await api.call("GET", "/metrics", token=token),
    ]

    assert [(403, "Forbidden")] * 5 == [(reply.status, reply.body["reason"]) for reply in replies]
    assert (
        f'secrets is forbidden: User "{user}" cannot list resource "secrets" in API group "" in '
        f'the namespace "{namespace}"'
    ) == replies[1].body["message"]
    assert (
        f'User "{user}" cannot list resource "configmaps" in API group "" at the cluster scope'
        in (replies[3].body["message"])
    )
    assert f'User "{user}" cannot get path "/metrics"' in replies[4].body["message"]


async def test_a_subresource_is_a_right_of_its_own(
    api: Client, base: str, make_account: MakeAccount
) -> None:
    """The right to patch pods does not include their status."""
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}
    _, token = await make_account([rule])

    path, merge = f"{base}/pods/none", "application/merge-patch+json"
    main = await api.call("PATCH", path, {}, token=token, content_type=merge)
    status = await api.call("PATCH", f"{path}/status", {}, token=token, content_type=merge)

    assert (404, 403) == (main.status, status.status)
    assert '"pods/status"' in status.body["message"]


async def test_a_right_can_be_for_one_object(
    api: Client, base: str, make_account: MakeAccount
) -> None:
    """With resourceNames only these objects are allowed, and no list."""
    rule = {**READ[0], "resourceNames": ["mine"]}
    _, token = await make_account([rule])
    for name in ("mine", "other"):
        await api.create(f"{base}/configmaps", config(name))

    statuses = [
        (await api.call("GET", f"{base}/configmaps{path}", token=token)).status
        for path in ("/mine", "/other", "")
    ]

    assert [200, 403, 403] == statuses


async def test_a_right_ends_with_its_binding(
    api: Client, namespace: str, base: str, make_account: MakeAccount
) -> None:
    """Deleting a binding revokes its rights."""
    name, token = await make_account(READ)
    before = await api.call("GET", f"{base}/configmaps", token=token)
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    await api.delete(f"{rights}/rolebindings/{name}")

    # A real server takes a moment.
    after = before
    for _ in range(100):
        if after.status == 200:
            after = await api.call("GET", f"{base}/configmaps", token=token)

    assert (200, 403) == (before.status, after.status)


async def test_a_token_must_be_good(api: Client, base: str) -> None:
    """An unknown token is Unauthorized."""
    reply = await api.call("GET", f"{base}/configmaps", token="made-up")

    assert (401, "Unauthorized") == (reply.status, reply.body["reason"])


async def test_nobody_known_may_nothing(api: Client, base: str) -> None:
    """Without a token nothing is allowed."""
    reply = await api.call("GET", f"{base}/configmaps", token="")

    assert reply.status in {401, 403}


async def test_everybody_may_ask_for_health(api: Client) -> None:
    """Health and version need no token."""
    replies = [await api.call("GET", path, token="") for path in ("/readyz", "/version")]

    assert [200, 200] == [reply.status for reply in replies]
    assert "ok" == replies[0].text
    assert "1" == replies[1].body["major"]


async def test_a_token_is_reviewed(api: Client, namespace: str, make_account: MakeAccount) -> None:
    """A TokenReview names the user of a token, or rejects it."""
    name, token = await make_account(READ)
    path = "/apis/authentication.k8s.io/v1/tokenreviews"

    good = await api.create(path, {"spec": {"token": token}})
    bad = await api.create(path, {"spec": {"token": "made-up"}})

    user = good["status"]["user"]
    assert True is good["status"]["authenticated"]
    assert f"system:serviceaccount:{namespace}:{name}" == user["username"]
    assert {"system:serviceaccounts", "system:authenticated"} <= set(user["groups"])
    assert not bad["status"].get("authenticated")


async def test_a_right_is_reviewed(api: Client, namespace: str, make_account: MakeAccount) -> None:
    """A SubjectAccessReview says whether a user may do something."""
    name, _ = await make_account(READ)
    user = f"system:serviceaccount:{namespace}:{name}"

    async def allowed(verb: str, **place: str) -> bool:
        attributes = {"verb": verb, "resource": "configmaps", "namespace": namespace, **place}
        spec = {"user": user, "resourceAttributes": attributes}
        review = await api.create(f"{AUTHORIZATION}/subjectaccessreviews", {"spec": spec})
        return bool(review["status"]["allowed"])

    assert await allowed("list")
    assert not await allowed("delete")
    assert not await allowed("list", namespace="default")
    assert not await allowed("list", group="apps")


async def test_one_can_ask_for_oneself(
    api: Client, namespace: str, make_account: MakeAccount
) -> None:
    """A SelfSubjectAccessReview is answered for the caller."""
    _, token = await make_account(READ)
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    attributes = {"verb": "list", "resource": "secrets", "namespace": namespace}
    body = {"spec": {"resourceAttributes": attributes}}

    mine = await api.call("POST", path, body, token=token)
    admins = await api.create(path, body)

    assert (201, False) == (mine.status, mine.body["status"]["allowed"])
    assert True is admins["status"]["allowed"]


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1"])
async def test_accounts_may_discover(api: Client, make_account: MakeAccount, path: str) -> None:
    """Every authenticated user may use discovery."""
    _, token = await make_account(READ)

    assert 200 == (await api.call("GET", path, token=token)).status
