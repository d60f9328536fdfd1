"""The demo app does what the tutorial says."""

import contextlib
import importlib.util
import threading
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from types import ModuleType

import pytest
import yaml

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "demo"


@pytest.fixture(name="webapl")
def _webapl() -> ModuleType:
    spec = importlib.util.spec_from_file_location("webapl", FOLDER / "webapl.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("status", "path", "age"),
    [
        (200, "/healthz", 0),
        (200, "/healthz", 39.9),
        (500, "/healthz", 40),
        (500, "/ready", 0),
        (500, "/ready", 19.9),
        (200, "/ready", 20),
        (200, "/ready", 99),
        (200, "/", 99),
        (404, "/other", 0),
    ],
)
def test_it_answers_by_its_age(webapl: ModuleType, status: int, path: str, age: float) -> None:
    """It is ready after 20 s and unhealthy after 40 s."""
    assert status == webapl.answer(path, age)[0]


def ask(port: int, path: str) -> tuple[int, bytes]:
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_it_greets_and_logs(webapl: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is logged in one line with method, path and status."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), webapl.Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found = [ask(server.server_port, path) for path in ("/", "/ready")]
    server.shutdown()
    server.server_close()

    assert [(200, b"Hello from Python\n"), (500, b"not ready yet\n")] == found
    assert "GET / 200\nGET /ready 500\n" == capsys.readouterr().out


def test_the_image_runs_it() -> None:
    """The Dockerfile exposes the manifest's port, and runs as a user other than root."""
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    manifest = yaml.safe_load((FOLDER / "hc-probe.yaml").read_text(encoding="utf-8"))
    port = manifest["spec"]["containers"][0]["ports"][0]["containerPort"]

    assert f"EXPOSE {port}" in lines
    assert 'ENTRYPOINT ["python", "/app/webapl.py"]' in lines
    assert any(line.startswith("USER ") and "root" not in line for line in lines)
