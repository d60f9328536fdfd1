"""Reads the pod templates of manifests.

An object counts whatever its kind is, if it has a pod spec where Pods, workloads or
CronJobs have one. So rollouts and other custom kinds are covered too.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from probewatch.commands.lines import render_line
from probewatch.core.spec import PodSpec
from probewatch.errors import InputError
from probewatch.kube import objects
from probewatch.kube.spec_parsing import parse_spec

STDIN = "-"

PLACES = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "spec"),
    ("template", "spec"),
    ("spec",),
)
"""The paths at which an object may hold a pod spec, the longest first."""

KINDS = frozenset(("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"))
"""Built-in kinds with containers at one of these paths; other kinds may use them for anything."""

SUFFIXES = frozenset({".yaml", ".yml", ".json"})

UNWRAPPED = (ValueError, LookupError, AttributeError)
"""Raised by PyYAML besides its own errors, for example for an invalid date or number."""

_SPECS = msgspec.json.Decoder(objects.PodSpec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One pod template and the object that holds it."""

    source: str
    namespace: str
    kind: str
    name: str
    spec: PodSpec


def read_manifests(paths: Iterable[str]) -> Iterator[Template]:
    """Yield the templates of files, folders (`*.yaml`, `*.yml`, `*.json`) and `-`.

    Raises InputError for what cannot be read, and for a path without any Kubernetes object:
    a build that checked nothing must not pass. Objects without a pod template are skipped.
    """
    for name in paths:
        has_object = False
        for source, text in _texts(name):
            try:
                for document in _documents(source, text):
                    has_object = has_object or _is_object(document)
                    yield from _templates(source, document)
            except RecursionError as error:
                raise InputError(f"{source}: nested too deeply") from error
        if not has_object:
            raise InputError(_describe_nothing(name))


def _is_object(document: object) -> bool:
    """Whether it has a `kind`, as everything that can be applied does, or a pod spec."""
    return isinstance(document, dict) and ("kind" in document or _find_spec(document) is not None)


def _describe_nothing(name: str) -> str:
    if name == STDIN:
        return "<stdin>: no Kubernetes object in it"
    files = f" (*{', *'.join(sorted(SUFFIXES))})" if Path(name).is_dir() else ""
    return f"{name}: no Kubernetes object in it{files}"


def _texts(name: str) -> Iterator[tuple[str, str]]:
    if name == STDIN:
        yield "<stdin>", sys.stdin.read()
        return
    if not name:  # it would be the current folder, where a variable of a script was not set
        raise InputError("the name of a manifest is empty")
    path = Path(name)
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
    else:
        files = [path]
    for file in files:
        try:
            yield str(file), file.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{file}: not a text file") from error


def _documents(source: str, text: str) -> Iterator[object]:
    """Yield the documents of a text.

    JSON is YAML too, but the YAML parser takes minutes for a list of a whole cluster.
    """
    with contextlib.suppress(msgspec.DecodeError):
        yield msgspec.json.decode(text)
        return
    try:
        yield from yaml.safe_load_all(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        hint = "; a template has to be rendered first" if "{{" in text else ""
        raise InputError(f"{source}:{line}: not YAML: {error.problem}{hint}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{source}: not YAML") from error
    except UNWRAPPED as error:
        raise InputError(render_line(f"{source}: not YAML: {error}")) from error


def _templates(source: str, document: object) -> Iterator[Template]:
    if not isinstance(document, dict):
        return
    items = document.get("items")
    if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
        for item in items:
            yield from _templates(source, item)
        return
    found = _find_spec(document)
    if found is not None:
        yield _template(source, document, found)
    elif str(document.get("kind")) in KINDS:
        _check_containers(source, document)


def _check_containers(source: str, document: dict[str, object]) -> None:
    """Raise InputError if `containers` is not a list; a patch without it is skipped."""
    for place in PLACES:
        inside = _look_up(document, place)
        if isinstance(inside, dict) and "containers" in inside:
            called = f"{document['kind']}/{_name_of(document)}"
            at = ".".join((*place, "containers"))
            raise InputError(render_line(f"{source}: {called}: `{at}` is not a list"))


def _look_up(document: object, place: Iterable[str]) -> object:
    for key in place:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _name_of(document: dict[str, object]) -> str:
    metadata = document.get("metadata")
    meta = metadata if isinstance(metadata, dict) else {}
    return str(meta.get("name") or meta.get("generateName") or "?")


def _find_spec(document: dict[str, object]) -> dict[str, object] | None:
    for place in PLACES:
        inside = _look_up(document, place)
        if isinstance(inside, dict) and isinstance(inside.get("containers"), list):
            return inside
    return None


def _template(source: str, document: dict[str, object], found: dict[str, object]) -> Template:
    metadata = document.get("metadata")
    meta = metadata if isinstance(metadata, dict) else {}
    kind = str(document.get("kind") or "Pod")
    name = _name_of(document)
    try:
        raw = _SPECS.decode(msgspec.json.encode(found, enc_hook=str))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InputError(render_line(f"{source}: {kind}/{name}: {error}")) from error
    return Template(
        source=source,
        namespace=str(meta.get("namespace") or ""),
        kind=kind,
        name=name,
        spec=parse_spec(raw),
    )
