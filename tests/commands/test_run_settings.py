"""The flags of `run`: each one reaches its setting, and overrides the variable of the same name."""

from dataclasses import replace

import pytest

from probewatch.commands import run
from probewatch.errors import KubeconfigError, SettingsError
from probewatch.kube.access import Access
from probewatch.settings import LogFormat, LogLevel, Settings
from tests.commands.shop import parse

FLAGS: dict[str, tuple[tuple[str, ...], object]] = {
    "namespaces": (("--namespace", "shop", "-n", "cart"), ("shop", "cart")),
    "kubeconfig": (("--kubeconfig", "file"), "file"),
    "context": (("--context", "staging"), "staging"),
    "pod_selector": (("--selector", "app in (web, api)"), "app in (web, api)"),
    "dry_run": (("--dry-run",), True),
    "metrics_address": (("--metrics-address", "127.0.0.1:9090"), "127.0.0.1:9090"),
    "log_format": (("--log-format", "json"), LogFormat.JSON),
    "log_level": (("--log-level", "debug"), LogLevel.DEBUG),
}
"""By setting: a flag, and the value that the setting has then."""

NAMED = {"PROBEWATCH_INSTANCE": "test"}
"""Without it, each process has a random name."""

VARIABLES = {
    **NAMED,
    "PROBEWATCH_NAMESPACES": "other",
    "PROBEWATCH_KUBECONFIG": "other",
    "PROBEWATCH_CONTEXT": "other",
    "PROBEWATCH_POD_SELECTOR": "other=yes",
    "PROBEWATCH_DRY_RUN": "false",
    "PROBEWATCH_METRICS_ADDRESS": ":1",
    "PROBEWATCH_LOG_FORMAT": "text",
    "PROBEWATCH_LOG_LEVEL": "error",
}


@pytest.mark.parametrize(("name", "flag"), FLAGS.items(), ids=FLAGS.keys())
@pytest.mark.parametrize("environ", [NAMED, VARIABLES], ids=["alone", "over a variable"])
def test_flag_is_a_setting(
    name: str, flag: tuple[tuple[str, ...], object], environ: dict[str, str]
) -> None:
    """A flag sets its setting, whatever its variable says, and changes no other."""
    words, value = flag
    before = run.read_settings(parse(run), environ)
    after = run.read_settings(parse(run, *words), environ)

    assert value == getattr(after, name)
    assert {name} == {
        each for each in Settings.__slots__ if getattr(before, each) != getattr(after, each)
    }


def test_every_flag_is_among_these() -> None:
    """Each flag that the command knows is tried here."""
    words = [word for flag, _ in FLAGS.values() for word in flag]
    args = vars(parse(run, *words))

    assert [] == [name for name, value in args.items() if value is None]
    assert len(FLAGS) == len(args)


def test_wrong_address_names_its_flag() -> None:
    """An address that cannot be used is refused before anything starts, and the flag is named."""
    with pytest.raises(SettingsError, match="--metrics-address"):
        run.read_settings(parse(run, "--metrics-address", "here"), {})


def test_operator_does_not_act_as_another_user() -> None:
    """Kopf cannot impersonate, so a kubeconfig with `as` is refused rather than half obeyed."""
    access = Access(where="kubeconfig x", server="https://one")
    run.refuse_impersonation(access)

    with pytest.raises(KubeconfigError, match="kubeconfig x: `as` of the user"):
        run.refuse_impersonation(replace(access, impersonation=(("Impersonate-User", "me"),)))
