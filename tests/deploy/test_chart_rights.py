"""The chart's RBAC: which roles exist, and for whom they are bound."""

import json

from probewatch.service.watches import NODE_NAMESPACE
from tests.deploy.rendering import (
    SECURED,
    environment,
    names_of,
    of_kind,
    render_chart,
    the_only,
)


def test_named_namespaces_need_no_cluster_role() -> None:
    """With namespaces set, there is a Role in each of them and no ClusterRole."""
    objects = render_chart({"namespaces": ["shop", "bank"]})
    roles = {(r["metadata"]["namespace"], r["metadata"]["name"]) for r in of_kind(objects, "Role")}

    assert not [each for each in objects if each["kind"].startswith("ClusterRole")]
    assert roles == {
        ("shop", "probewatch"),
        ("bank", "probewatch"),
        ("probewatch", "probewatch-lease"),
    }
    assert environment(objects)["PROBEWATCH_NAMESPACES"] == "shop,bank"


def test_events_of_nodes_are_readable_where_that_is_set() -> None:
    """`rbac.nodeEvents` adds a Role for Events of nodes, unless one covers them already."""
    asked, named, everywhere, plain = (
        {
            (role["metadata"]["namespace"], role["metadata"]["name"]): role["rules"]
            for role in of_kind(render_chart(values), "Role")
        }
        for values in (
            {"namespaces": ["shop"], "rbac": {"nodeEvents": True}},
            {"namespaces": ["default"], "rbac": {"nodeEvents": True}},
            {"rbac": {"nodeEvents": True}},
            {"namespaces": ["shop"]},
        )
    )
    further = ("default", "probewatch-node-events")

    assert asked.pop(further) == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]}
    ]
    assert asked == plain
    assert further not in {**named, **everywhere}


def test_events_of_nodes_come_from_the_namespace_that_is_watched() -> None:
    """This Role is bound in the namespace where the operator watches such Events."""
    values = {"namespaces": ["shop"], "rbac": {"nodeEvents": True}}
    (binding,) = [
        each
        for each in of_kind(render_chart(values), "RoleBinding")
        if each["roleRef"]["name"] == "probewatch-node-events"
    ]

    assert binding["metadata"]["namespace"] == NODE_NAMESPACE
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "probewatch", "namespace": "probewatch"}
    ]


def test_rights_are_the_same_in_both_modes() -> None:
    """The Role of a namespace has exactly the rules of the ClusterRole."""
    wide = the_only(
        [r for r in render_chart() if r["metadata"]["name"] == "probewatch"], "ClusterRole"
    )
    narrow = [
        r
        for r in of_kind(render_chart({"namespaces": ["shop"]}), "Role")
        if r["metadata"]["namespace"] == "shop"
    ]

    assert [wide["rules"]] == [each["rules"] for each in narrow]


def test_no_roles_are_made_where_somebody_else_makes_them() -> None:
    """`rbac.create: false` renders no roles and no bindings."""
    objects = render_chart({"rbac": {"create": False}, **SECURED})

    assert not [each for each in objects if "Role" in each["kind"]]


def test_standard_roles_may_be_left_as_they_are() -> None:
    """`rbac.aggregate: false` renders no roles that aggregate to the standard ones."""
    objects = render_chart({"rbac": {"aggregate": False}})

    assert {"ClusterRole/probewatch"} == names_of(of_kind(objects, "ClusterRole"))


def test_who_may_edit_a_namespace_may_not_write_reports() -> None:
    """The aggregated roles allow to delete reports, but not to write them."""
    (edit,) = [e for e in render_chart() if e["metadata"]["name"] == "probewatch-edit"]
    verbs = {
        resource: set(rule["verbs"]) for rule in edit["rules"] for resource in rule["resources"]
    }

    assert verbs["probereports"] == {"delete", "deletecollection"}
    assert verbs["probepolicies"] == {"create", "update", "patch", "delete", "deletecollection"}


def test_authorization_brings_the_rights_to_ask() -> None:
    """With authorization, the operator may create token and access reviews.

    There is a role for scrapers, too.
    """
    objects = render_chart({"serviceMonitor": {"enabled": True}, **SECURED})
    roles = {r["metadata"]["name"]: r["rules"] for r in of_kind(objects, "ClusterRole")}
    (endpoint,) = the_only(objects, "ServiceMonitor")["spec"]["endpoints"]

    assert environment(objects)["PROBEWATCH_METRICS_AUTHORIZATION"] == "true"
    assert [rule["verbs"] for rule in roles["probewatch-metrics-auth"]] == [["create"], ["create"]]
    assert roles["probewatch-metrics-reader"] == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    ]
    assert endpoint["bearerTokenFile"].endswith("/serviceaccount/token")


def test_kubelets_are_asked_only_where_that_is_set() -> None:
    """Access to kubelets is granted only with its setting."""
    policy = {"networkPolicy": {"enabled": True}}
    asking = render_chart({**policy, "settings": {"corroborate": True}})
    role = the_only(
        [each for each in asking if each["metadata"]["name"] == "probewatch-kubelets"],
        "ClusterRole",
    )

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "nodes/metrics"], "verbs": ["get"]}
    ]
    assert environment(asking)["PROBEWATCH_CORROBORATE"] == "true"
    assert "10250" in json.dumps(the_only(asking, "NetworkPolicy"))
    assert "10250" not in json.dumps(render_chart(policy))
    assert "nodes" not in json.dumps([each.get("rules") for each in render_chart()])
