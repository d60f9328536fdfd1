"""Settings: read from variables and flags, with one-line errors for wrong values."""

import dataclasses
import itertools
import socket
from pathlib import Path

import pytest

from probewatch.core.policy import Policy
from probewatch.errors import SettingsError
from probewatch.settings import (
    LogFormat,
    LogLevel,
    Settings,
    find_unknown,
    flag_name,
    name_process,
    variable_name,
)


def test_defaults_are_the_cores() -> None:
    """Without any variable, the policy is the default one of the core."""
    assert Policy() == Settings.from_env({}).policy()


def test_every_threshold_can_be_set() -> None:
    """Each field of the policy is set by its own variable, and by no other."""
    numbers = {each.name: 10 + n for n, each in enumerate(dataclasses.fields(Policy))}
    numbers["events"] = False
    variables = {
        variable_name(name): str(numbers[name.removesuffix("_seconds")])
        for name in (each.name for each in dataclasses.fields(Settings))
        if name.removesuffix("_seconds") in numbers
    }

    assert numbers == dataclasses.asdict(Settings.from_env(variables).policy())


@pytest.mark.parametrize("window", ["21600", "90000"])
def test_the_window_of_a_slow_loop_is_the_longer_one(window: str) -> None:
    """Windows that contradict each other are refused, with the names of both variables."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"PROBEWATCH_LOOP_WINDOW_SECONDS": window})

    words = f"PROBEWATCH_LOOP_WINDOW_SECONDS is {window} and PROBEWATCH_SLOW_LOOP_WINDOW_SECONDS"
    assert f"{words} is 21600; the second has to be longer" == str(refused.value)
    settings = Settings.from_env({"PROBEWATCH_LOOP_WINDOW_SECONDS": "21599"})
    assert settings.loop_window_seconds == 21599


def test_values_are_read_by_the_type_of_their_field() -> None:
    """Texts are parsed as numbers, booleans, lists or enum values, by the type of the field."""
    settings = Settings.from_env(
        {
            "PROBEWATCH_NAMESPACES": " shop, cart,,shop ",
            "PROBEWATCH_DRY_RUN": "Yes",
            "PROBEWATCH_EVENTS": "off",
            "PROBEWATCH_PAGE_LIMIT": "250",
            "PROBEWATCH_SETTLE_SECONDS": "12.5",
            "PROBEWATCH_LOG_FORMAT": "JSON",
            "PROBEWATCH_LOG_LEVEL": "debug",
            "PROBEWATCH_CONTEXT": "",
        }
    )

    assert (("shop", "cart"), True, False) == (
        settings.namespaces,
        settings.dry_run,
        settings.events,
    )
    assert (250, 12.5, "") == (settings.page_limit, settings.settle_seconds, settings.context)
    assert (LogFormat.JSON, LogLevel.DEBUG) == (settings.log_format, settings.log_level)


def test_command_line_is_stronger_than_the_environment() -> None:
    """A flag overrides its variable; a flag that was not given does not."""
    environ = {"PROBEWATCH_LOG_LEVEL": "debug", "PROBEWATCH_CONTEXT": "staging"}

    settings = Settings.from_env(environ, {"log_level": "error", "context": None})

    assert (LogLevel.ERROR, "staging") == (settings.log_level, settings.context)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("page_limit", "many", "PROBEWATCH_PAGE_LIMIT is 'many'; it has to be a whole number"),
        ("page_limit", "0", "PROBEWATCH_PAGE_LIMIT is 0; it has to be 1 to 10000"),
        ("loop_restarts", "1", "PROBEWATCH_LOOP_RESTARTS is 1; it has to be 2 to 32"),
        ("settle_seconds", "-1", "PROBEWATCH_SETTLE_SECONDS is -1; it has to be 0 or more"),
        ("repair_seconds", "nan", "PROBEWATCH_REPAIR_SECONDS is nan; it has to be 0 or more"),
        ("loop_window_seconds", "0", "PROBEWATCH_LOOP_WINDOW_SECONDS is 0; it has to be above 0"),
        ("flap_quiet_seconds", "inf", "PROBEWATCH_FLAP_QUIET_SECONDS is inf; it has to be above 0"),
        (
            "settle_seconds",
            "30s",
            "PROBEWATCH_SETTLE_SECONDS is '30s'; it has to be a number without a unit",
        ),
        ("events", "maybe", "PROBEWATCH_EVENTS is 'maybe'; it has to be true or false"),
        (
            "log_level",
            "loud",
            "PROBEWATCH_LOG_LEVEL is 'loud'; it has to be one of debug, info, warning, error",
        ),
    ],
)
def test_error_names_variable_value_and_what_is_valid(name: str, text: str, complaint: str) -> None:
    """An error names the variable, its value and what is valid."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable_name(name): text})

    assert complaint == str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lease_name", "My_Lease"),
        ("lease_name", "a..b"),
        ("lease_name", "a/b"),
        ("lease_name", "a" * 254),
        ("lease_namespace", "Shop"),
        ("lease_namespace", "a.b"),
    ],
)
def test_lease_that_cannot_exist_is_refused(name: str, text: str) -> None:
    """No replica would ever hold it, so that none would write anything."""
    with pytest.raises(SettingsError, match="valid name"):
        Settings.from_env({variable_name(name): text})


@pytest.mark.parametrize("text", ["probewatch", "a", "team-1.probewatch", "a" * 253])
def test_lease_has_any_name_that_an_object_may_have(text: str) -> None:
    """It is a DNS subdomain, as names of most objects."""
    assert text == Settings.from_env({"PROBEWATCH_LEASE_NAME": text}).lease_name


def test_flag_is_named_as_it_was_typed() -> None:
    """An invalid value on the command line is reported under the flag's name."""
    with pytest.raises(SettingsError, match=r"^--log-level is 'loud'"):
        Settings.from_env({}, {"log_level": "loud"})
    assert "--namespace" == flag_name("namespaces")


def test_settle_can_be_switched_off() -> None:
    """A settle time of 0 is valid: verdicts then wait for nothing."""
    assert 0 == Settings.from_env({"PROBEWATCH_SETTLE_SECONDS": "0"}).settle_seconds


def test_a_pod_knows_itself_when_it_is_started_anew() -> None:
    """In a pod, the default identity is the host name, so a restarted container keeps its Lease."""
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    assert socket.gethostname() == name_process(environ) == name_process(environ)


def test_two_processes_of_one_machine_are_told_apart() -> None:
    """Outside a pod, two processes have different identities, so they never both hold the Lease."""
    one, two = name_process({}), name_process({})

    assert one != two
    assert one.startswith(socket.gethostname())


def test_the_name_that_is_given_is_taken() -> None:
    """A given identity is used as it is, so that a restarted operator keeps its Lease."""
    assert "mine" == Settings.from_env({"PROBEWATCH_INSTANCE": "mine"}).instance


def test_misspelled_variables_are_found() -> None:
    """Unknown variables with our prefix are reported.

    Those that the kubelet sets for a Service named probewatch are not.
    """
    environ = {
        "PROBEWATCH_LOOP_RESTART": "3",
        "PROBEWATCH_LOOP_RESTARTS": "3",
        "PROBEWATCH_PORT": "tcp://10.0.0.1:8080",
        "PROBEWATCH_PORT_8080_TCP_ADDR": "10.0.0.1",
        "PROBEWATCH_METRICS_SERVICE_HOST": "10.0.0.1",
        "PROBEWATCH_SERVICE_PORT_HTTP": "8080",
        "HOME": "/",
    }

    assert ("PROBEWATCH_LOOP_RESTART",) == find_unknown(environ)


def test_no_setting_is_named_like_a_service_link() -> None:
    """A Service named probewatch, for which the kubelet sets variables, changes no setting."""
    links = {"PROBEWATCH_PORT", "PROBEWATCH_SERVICE_HOST", "PROBEWATCH_SERVICE_PORT"}

    assert not links & {variable_name(each.name) for each in dataclasses.fields(Settings)}


def test_every_setting_gives_its_reason() -> None:
    """Each setting has a docstring, from which docs/configuration.md is generated."""
    source = Path(__import__("probewatch.settings").settings.__file__).read_text(encoding="utf-8")
    lines = source.splitlines()
    fields = {each.name for each in dataclasses.fields(Settings)}
    silent = [
        line.strip()
        for line, following in itertools.pairwise(lines)
        if line.strip().partition(":")[0] in fields
        and line.startswith("    ")
        and " = " in line
        and not following.strip().startswith('"""')
    ]

    assert [] == silent


@pytest.mark.parametrize("name", ["Shop", "../kube-system", "a b", "-a", "a" * 64])
def test_name_that_no_namespace_has(name: str) -> None:
    """An invalid namespace name is refused at the start."""
    with pytest.raises(SettingsError, match="is not a valid name of a namespace"):
        Settings.from_env({}, {"namespaces": name})


@pytest.mark.parametrize(
    "selector",
    [
        "app",
        "!app",
        "app=cart",
        "app==cart,tier!=web",
        "app=",
        "example.com/app in (cart, shop),tier notin (web),!old",
        " app = cart , tier ",
        "size>3",
    ],
)
def test_selector_of_the_api(selector: str) -> None:
    """A label selector that the API server accepts is accepted."""
    assert selector.strip() == Settings.from_env({}, {"pod_selector": selector}).pod_selector


@pytest.mark.parametrize("selector", ["app in (", "app in cart", "=cart", "a=b,", "a b", "a=b c"])
def test_selector_that_is_none(selector: str) -> None:
    """A label selector that the API server would reject is refused at the start."""
    with pytest.raises(SettingsError, match="is not a label selector"):
        Settings.from_env({}, {"pod_selector": selector})
