"""The server: who is let in, what responses say, and that nothing is looked up elsewhere."""

from __future__ import annotations

import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import config, delta_generator, env_util, net_util
from streamlit.runtime import Runtime

from sensecf_core.datasets import registry
from sensecf_core.errors import NotReadyError
from sensecf_core.jobs import dispatch, model_worker, worker
from sensecf_core.ui.server import run
from sensecf_core.ui.server.guard import COOKIE, HEADERS, look_nothing_up

HOST = "127.0.0.1:8501"
OWN = f"http://{HOST}"
TOKEN = "a-token"
LET_IN = {"Cookie": f"{COOKIE}={TOKEN}"}
STREAM = f"ws://{HOST}/_stcore/stream"
ATTACKS = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:8628"},  # another program of this machine
    {"Origin": "http://localhost:8501"},
    {"Origin": "https://user@127.0.0.1:8501"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://[::1"},
    {"Origin": "http://evil.example", "Host": "evil.example"},  # a name that now leads here
]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("app") / "page.py"
    path.write_text("import streamlit as st\nst.title('Hello')\n")
    return path


@pytest.fixture(autouse=True)
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit has one runtime a process; each test gets its own."""
    monkeypatch.setattr(Runtime, "_instance", None)


@pytest.fixture
def client(script: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(dispatch, "start_all", lambda: None)
    config.set_option("server.allowedHosts", ["127.0.0.1", "localhost"])
    yield TestClient(run.make_app(TOKEN, script), base_url=OWN, follow_redirects=False)


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a socket was connected to, or a name that was looked up."""
    seen: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        seen.append(address)
        raise OSError("no network in tests")

    def look_up(*asked: Any, **_: Any) -> None:
        seen.append(asked)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return seen


@pytest.mark.parametrize("headers", ATTACKS)
def test_a_foreign_websocket_is_refused_at_once_and_nothing_is_looked_up(
    client: TestClient, connects: list[Any], headers: dict[str, str]
) -> None:
    client.get("/_stcore/health")  # the application is made by the first request
    begun = time.perf_counter()
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers=LET_IN | headers):
        pass
    assert connects == []
    assert time.perf_counter() - begun < 0.05 * 10  # 0.05 s on a machine that does nothing else


def test_streamlit_alone_looks_nothing_up_either(
    script: Path, connects: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_util, "_external_ip", None)
    monkeypatch.setattr(net_util, "_internal_ip", None)
    alone = TestClient(st.App(script), base_url=OWN)
    foreign = {"Origin": "http://evil.example"}
    with pytest.raises(WebSocketDisconnect), alone.websocket_connect(STREAM, headers=foreign):
        pass
    assert connects != []  # so the test sees what it is about
    connects.clear()
    look_nothing_up()
    with pytest.raises(WebSocketDisconnect), alone.websocket_connect(STREAM, headers=foreign):
        pass
    assert connects == []


@pytest.mark.parametrize("origin", [OWN, None])
def test_the_servers_own_page_and_programs_with_the_token_are_let_in(
    client: TestClient, origin: str | None
) -> None:
    headers = LET_IN | ({"Origin": origin} if origin else {})
    with client, client.websocket_connect(STREAM, headers=headers) as opened:
        assert opened is not None


@pytest.mark.parametrize(
    "path",
    ["/", "/Participants", "/health", "/_stcore/health", "/_stcore/metrics", "/no/such/file.js"],
)
@pytest.mark.parametrize("cookie", [{}, LET_IN])
def test_every_response_has_the_headers(client: TestClient, path: str, cookie: dict[str, str]) -> None:
    for headers in (cookie, cookie | {"Host": "evil.example"}):
        response = client.get(path, headers=headers)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
        (scripts,) = [part.split() for part in policy.split("; ") if part.startswith("script-src ")]
        assert scripts[1:] == ["'self'", "'unsafe-inline'", "'wasm-unsafe-eval'", "blob:"]


@pytest.mark.parametrize("path", ["/", "/_stcore/metrics", "/_stcore/health", "/health"])
def test_another_name_of_this_machine_is_refused(client: TestClient, path: str) -> None:
    assert client.get(path, headers=LET_IN | {"Host": "evil.example"}).status_code == 400
    assert client.get(path, headers=LET_IN | {"Host": "localhost:8501"}).status_code == 200


def test_a_browser_shows_the_token_once(client: TestClient) -> None:
    refused = client.get("/Interventions?answer=a1")
    assert refused.status_code == 403 and "address that the program printed" in refused.text
    assert client.get("/?token=another").status_code == 403
    let_in = client.get(f"/Interventions?answer=a1&token={TOKEN}")
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/Interventions?answer=a1")
    cookie = let_in.headers["set-cookie"].lower()
    assert f"{COOKIE}={TOKEN}" in cookie and "httponly" in cookie and "samesite=lax" in cookie
    assert client.get("/").status_code == 200  # the client kept the cookie
    client.cookies.clear()
    for odd in ('prefs={"a": 1}', "path=x", "=;;"):  # another program's cookie of this host
        both = {"Cookie": f"{odd}; {COOKIE}={TOKEN}"}
        assert client.get("/", headers=both).status_code == 200, odd
    elsewhere = client.get(f"//evil.example/?token={TOKEN}").headers.get("location", "/")
    assert not elsewhere.startswith("//")


def test_without_the_token_nothing_is_told(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers={"Origin": OWN}):
        pass
    assert client.get("/_stcore/metrics").status_code == 403
    assert client.get("/", headers={"Cookie": "sensecf_token=wrong"}).status_code == 403
    assert client.get("/", headers={"Cookie": "\x01=;;;"}).status_code == 403
    assert client.get("/_stcore/health").text == "ok"


def test_another_origin_may_not_post(client: TestClient) -> None:
    for headers in ATTACKS[:5]:
        assert client.put("/_stcore/upload_file/a/b", headers=LET_IN | headers).status_code == 403


def test_no_page_is_the_host_of_ours(client: TestClient) -> None:
    config.set_option("client.allowedOrigins", [])
    assert client.get("/_stcore/host-config", headers=LET_IN).json()["allowedOrigins"] == []
    assert "allowedOrigins = []" in (run.paths.ROOT / ".streamlit" / "config.toml").read_text()


def test_health_says_when_a_queue_stands_still(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/health").json() == {"ok": True}
    monkeypatch.setattr(worker, "problems", lambda: ("The model queue stands still.",))
    response = client.get("/health")
    assert (response.status_code, response.json()) == (503, {"ok": False})


def test_workers_start_with_the_server(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(dispatch, "start_all", lambda: started.append("all"))
    with TestClient(run.make_app(None, script), base_url=OWN) as client:
        assert client.get("/").status_code == 200  # without a token, everybody is let in
        deadline = time.monotonic() + 5
        while not started and time.monotonic() < deadline:
            time.sleep(0.01)
    assert started == ["all"]


def test_the_token_is_kept_and_private(private_var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSECF_TOKEN", raising=False)
    token = run.start_token()
    assert token == run.start_token() and len(token or "") >= 32
    file = private_var / "server-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("short")
    assert len(run.start_token() or "") >= 32
    monkeypatch.setenv("SENSECF_TOKEN", "off")
    assert run.start_token() is None
    monkeypatch.setenv("SENSECF_TOKEN", "mine")
    assert run.start_token() == "mine"


def test_the_first_visitor_finds_the_cohorts_loaded_and_no_look_through_every_module(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load(name: str) -> None:
        loaded.append(name)
        raise NotReadyError("Its files are missing.")

    monkeypatch.setattr(dispatch, "start_all", lambda: None)
    monkeypatch.setattr(registry, "available", lambda: ("first", "second"))
    monkeypatch.setattr(registry, "load", load)
    run._make_ready()
    assert loaded == ["first", "second"]
    monkeypatch.setattr(delta_generator, "_use_warning_has_been_displayed", False)
    monkeypatch.setattr(env_util, "is_repl", lambda: pytest.fail("it reads the source of every module"))
    run.make_app(TOKEN, script)
    delta_generator._maybe_print_use_warning()


def test_whoever_asks_for_options_and_is_let_in_begins_the_load(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str | None] = []
    monkeypatch.setattr(model_worker, "warm", begun.append)
    assert client.get("/Interventions?cohort=nhanes").status_code == 403
    client.get("/", headers=LET_IN)
    assert begun == []
    client.get("/Interventions?cohort=nhanes", headers=LET_IN)
    assert begun == [None]
