"""Reviews of tokens and permissions: they are answered, and not stored."""

from collections.abc import Callable, Mapping

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.requests import Request
from probewatch.playground.api.rights import Action, Rights
from probewatch.playground.api.users import Tokens, User
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import bad_request
from probewatch.playground.objects.types import ResourceType

Judge = Callable[[JsonObject, Request, User], JsonObject]
"""The spec of a review, its request and its user → the status."""


class Reviews:
    """Answers the reviews of authentication.k8s.io and authorization.k8s.io."""

    def __init__(self, tokens: Tokens, rights: Rights) -> None:
        self._tokens = tokens
        self._rights = rights
        self._judges: Mapping[str, Judge] = {
            "TokenReview": self._judge_token,
            "SelfSubjectReview": lambda _spec, _request, user: {"userInfo": render_user(user)},
            "SubjectAccessReview": self._judge_access,
            "LocalSubjectAccessReview": self._judge_access,
            "SelfSubjectAccessReview": self._judge_own_access,
            "SelfSubjectRulesReview": self._list_rules,
        }

    def answer(self, type_: ResourceType, request: Request, user: User) -> Answer:
        """Answer a review; raises StatusError 400."""
        question, spec = request.json(), request.part("spec")
        status = self._judges[type_.kind](spec, request, user)
        head = {"kind": type_.kind, "apiVersion": type_.group_version}
        body = {**head, "metadata": question.get("metadata") or {}, "spec": spec, "status": status}
        return answer_json(body, status=201)

    def _judge_token(self, spec: JsonObject, _request: Request, _user: User) -> JsonObject:
        grant = self._tokens.find(spec.get("token") or "")
        if grant is None:
            return {"user": {}, "error": "invalid bearer token"}
        wanted = set(spec.get("audiences") or ())
        audiences = set(grant.audiences)
        if wanted and audiences and not wanted & audiences:
            text = f"token audiences {sorted(audiences)} is invalid for the target audiences"
            return {"user": {}, "error": text}
        status: JsonObject = {"authenticated": True, "user": render_user(grant.user)}
        if wanted:
            status["audiences"] = sorted(wanted & audiences if audiences else wanted)
        return status

    def _judge_access(self, spec: JsonObject, _request: Request, _user: User) -> JsonObject:
        if not spec.get("user") and not spec.get("groups"):
            raise bad_request(
                "spec.user: Invalid value: at least one of user or group must be specified"
            )
        user = User(name=spec.get("user") or "", groups=tuple(spec.get("groups") or ()))
        return self._judge(spec, user)

    def _judge_own_access(self, spec: JsonObject, _request: Request, user: User) -> JsonObject:
        return self._judge(spec, user)

    def _judge(self, spec: JsonObject, user: User) -> JsonObject:
        permission = self._rights.find(user, read_action(spec))
        if permission is None:
            return {"allowed": False}
        if user.is_admin:
            return {"allowed": True}
        reason = f'RBAC: allowed by "{permission.binding}" of "{permission.role}" to "{user.name}"'
        return {"allowed": True, "reason": reason}

    def _list_rules(self, spec: JsonObject, _request: Request, user: User) -> JsonObject:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        rules = [rule for *_, rule in self._rights.rules_for(user, spec.get("namespace") or "")]
        if user.is_admin:
            rules.append(everything)
            rules.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
        return {
            "resourceRules": [rule for rule in rules if rule.get("resources")],
            "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
            "incomplete": False,
        }


def read_action(spec: JsonObject) -> Action:
    """Return the action that an access review is about; raises StatusError 400."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if not isinstance(resource or path or {}, dict):
        raise bad_request("json: cannot unmarshal into Go struct field .spec")
    if bool(resource) == bool(path):
        raise bad_request(
            "spec: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must "
            "be specified"
        )
    if path:
        return Action(verb=path.get("verb") or "", path=path.get("path") or "")
    found = {
        field: (resource or {}).get(field) or ""
        for field in ("verb", "group", "resource", "subresource", "namespace", "name")
    }
    return Action(**found)


def render_user(user: User) -> JsonObject:
    """Return a user as a UserInfo."""
    shown = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {key: value for key, value in shown.items() if value}
