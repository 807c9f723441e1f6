"""Signing in: with a real OpenID Connect provider (its tokens are signed), and through a trusted proxy."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from sensecf_core.access import people, settings
from sensecf_core.access.people import Person
from sensecf_core.errors import NotAllowedError, NotReadyError
from sensecf_core.jobs import dispatch
from sensecf_core.ui.common import widgets
from sensecf_core.ui.server import run, sign_in
from sensecf_core.ui.server.guard import COOKIE, Guard
from sensecf_core.ui.server.sign_in import HEADER, SignedIn

HOST = "127.0.0.1:8501"
OWN = f"http://{HOST}"
STREAM = f"ws://{HOST}/_stcore/stream"
HTML = {"Accept": "text/html"}
COOKIE_SECRET = "a secret of this test, which is long enough"
ANNA, ERIC = "anna@hospital.example", "eric@elsewhere.example"


@pytest.fixture(autouse=True)
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Runtime, "_instance", None)
    monkeypatch.setattr(dispatch, "start_all", lambda: None)
    config.set_option("server.allowedHosts", ["127.0.0.1", "localhost"])
    yield
    sign_in.Required.at_start = False
    people.find_by(lambda: None)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("app") / "page.py"
    path.write_text("import streamlit as st\nst.title('Hello')\n")
    return path


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider on this machine; returns its address."""
    mock = pytest.importorskip("oidc_provider_mock", reason="the provider is in requirements-dev.txt")
    pytest.importorskip("authlib", reason="signing in needs Authlib (requirements.txt)")
    users = [
        mock.User(sub=ANNA, claims={"email": ANNA, "email_verified": True}),
        mock.User(sub=ERIC, claims={"email": ERIC}),
        mock.User(sub="typed", claims={"email": ANNA, "email_verified": False}),
    ]
    with mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def with_provider(
    provider: str, script: Path, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """The server with that provider; Eric has no role."""
    private_var.mkdir()
    access = f'login = "oidc"\nothers = "nobody"\n[roles]\nclinician = ["{ANNA}"]\n'
    (private_var / settings.FILE).write_text(access)
    told = {
        "auth": {
            "redirect_uri": f"{OWN}/oauth2callback",
            "cookie_secret": COOKIE_SECRET,
            "client_id": "sensecf",
            "client_secret": "shared",
            "server_metadata_url": f"{provider}/.well-known/openid-configuration",
        }
    }
    monkeypatch.setattr(secrets_singleton, "_secrets", told)
    found = settings.read()
    assert found is not None
    sign_in.check(found)
    with TestClient(
        run.make_app(None, script, signs_in=True), base_url=OWN, follow_redirects=False
    ) as client:
        yield client


def go_through_provider(client: TestClient, asked: str, user: str) -> httpx2.Response:
    """Press Sign in on the page, choose a user at the provider, and come back."""
    page = client.get(asked, headers=HTML)
    assert page.status_code == 401
    pressed = client.get(unescape(re.search(r'href="([^"]+)"', page.text)[1]))  # type: ignore[index]
    to_provider = client.get(pressed.headers["location"])
    back = httpx2.post(to_provider.headers["location"], data={"sub": user})
    return client.get(back.headers["location"])


def opens(client: TestClient, **headers: str) -> bool:
    try:
        with client.websocket_connect(STREAM, headers={"Origin": OWN, **headers}):
            return True
    except WebSocketDisconnect:
        return False


def test_somebody_signs_in_and_comes_to_the_address_that_they_opened(with_provider: TestClient) -> None:
    client = with_provider
    assert not opens(client)
    for closed in ("/media/a.csv", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/_stcore/host-config"):
        assert client.get(closed).status_code == 403, closed
    assert client.get("/health").status_code == 200
    asked = "/Interventions?job=abc&cohort=heart"
    back = go_through_provider(client, asked, ANNA)
    assert (back.status_code, back.headers["location"]) == (302, "/")
    wanted = client.get("/", headers=HTML)
    assert (wanted.status_code, wanted.headers["location"]) == (303, asked)
    assert client.get(asked, headers=HTML).status_code == 200
    assert opens(client)
    client.get("/auth/logout")
    assert not opens(client)


def test_who_has_no_role_is_not_let_in(with_provider: TestClient) -> None:
    go_through_provider(with_provider, "/", ERIC)
    refused = with_provider.get("/", headers=HTML)
    assert refused.status_code == 403 and f"{ERIC} is not among those" in refused.text
    assert not opens(with_provider)


def test_an_address_that_the_provider_did_not_verify_is_nobody(with_provider: TestClient) -> None:
    go_through_provider(with_provider, "/", "typed")
    assert with_provider.get("/", headers=HTML).status_code == 401


def test_where_to_go_next_is_never_another_server(with_provider: TestClient) -> None:
    with_provider.get("/sign-in?next=//evil.example/")
    go_through_provider(with_provider, "/", ANNA)
    location = with_provider.get("/").headers.get("location", "/")
    assert location.startswith("/") and not location.startswith("//")


@pytest.mark.parametrize(
    ("change", "secret", "let_in"),
    [
        ({}, COOKIE_SECRET, True),
        ({}, "another secret", False),
        ({"origin": "http://127.0.0.1:9999"}, COOKIE_SECRET, False),
        ({"iat": time.time() - 13 * 3600}, COOKIE_SECRET, False),
        ({"iat": None}, COOKIE_SECRET, False),
        ({"email": "anna\n@hospital.example"}, COOKIE_SECRET, False),
        ({"email": None}, COOKIE_SECRET, False),
    ],
)
def test_only_a_young_cookie_that_this_server_signed_counts(
    with_provider: TestClient, change: dict[str, Any], secret: str, let_in: bool
) -> None:
    claims = {"origin": OWN, "email": ANNA, "iat": time.time(), "is_logged_in": True} | change
    cookie = create_signed_value(secret, "_streamlit_user", json.dumps(claims)).decode()
    response = with_provider.get("/", headers=HTML | {"Cookie": f"a=b; _streamlit_user={cookie}"})
    assert response.status_code == (200 if let_in else 401)


def test_a_server_that_could_sign_nobody_in_does_not_start(
    with_provider: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = settings.read()
    assert access is not None
    told = dict(secrets_singleton._secrets or {})
    monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": {**told["auth"], "cookie_secret": "x"}})
    with pytest.raises(NotReadyError, match=r"`cookie_secret` .* needs 32"):
        sign_in.check(access)
    monkeypatch.setattr(secrets_singleton, "_secrets", {"other": {}})
    with pytest.raises(NotReadyError, match=r"secrets\.toml"):
        sign_in.check(access)


def test_a_lost_file_opens_nothing(with_provider: TestClient, private_var: Path) -> None:
    (private_var / settings.FILE).unlink()
    refused = with_provider.get("/", headers=HTML)
    assert refused.status_code == 403 and "access.toml is gone" in refused.text


# --- a proxy in front ---

PROXY, BROWSER = "10.0.0.5", "10.0.0.77"
Ask = Callable[..., httpx2.Response]


@pytest.fixture
def ask(private_var: Path) -> Ask:
    """Send a request from an address, to a guard whose application answers with what it was told."""
    private_var.mkdir()
    (private_var / settings.FILE).write_text(
        f'login = "proxy"\nproxies = ["{PROXY}"]\n[roles]\nadmin = ["{ANNA}"]\n'
    )

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        found = sign_in.unsealed(headers.get(HEADER.encode(), b"").decode())
        await PlainTextResponse(found.login if found else "nobody")(scope, receive, send)

    def send(address: str, headers: list[tuple[str, str]], path: str = "/") -> httpx2.Response:
        client = TestClient(Guard(told, signs_in=True), base_url=OWN, client=(address, 5000))
        return client.get(path, headers=headers)

    return send


def test_the_proxy_says_who_it_is(ask: Ask) -> None:
    assert ask(PROXY, [("X-Forwarded-User", ANNA)]).text == ANNA


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (BROWSER, [("X-Forwarded-User", ANNA)]),
        (BROWSER, [("X-Forwarded-User", ANNA), ("X-Forwarded-For", PROXY), ("X-Real-IP", PROXY)]),
        (BROWSER, [(HEADER, sign_in.sealed(SignedIn(ANNA)))]),
        (BROWSER, []),
        (PROXY, []),
        (PROXY, [("X-Forwarded-User", "")]),
        (PROXY, [("X-Forwarded-User", ERIC), ("X-Forwarded-User", ANNA)]),
        (PROXY, [(HEADER, sign_in.sealed(SignedIn(ANNA)))]),
    ],
)
def test_nobody_else_says_who_they_are(ask: Ask, address: str, headers: list[tuple[str, str]]) -> None:
    for path in ("/", "/media/a.csv"):
        assert ask(address, headers, path).status_code == 403
    assert ask(address, headers, "/health").text == "nobody"


def test_the_servers_own_connection_counts_not_what_a_header_says_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {}

    def serve(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(run=lambda **_: seen.update(os.environ))

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.setattr(run, "make_app", serve)
    run.main(["--port", "8599"])
    assert seen["FORWARDED_ALLOW_IPS"] == ""


# --- what pages know of it ---


def test_pages_believe_the_guard_alone(private_var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private_var.mkdir()
    file = private_var / settings.FILE
    monkeypatch.setattr(sign_in, "get_script_run_ctx", lambda **_: object())
    headers: dict[str, str] = {}
    monkeypatch.setattr(st, "context", SimpleNamespace(headers=headers))
    assert sign_in.person() == Person(None, "admin")
    file.write_text(f'login = "oidc"\n[roles]\nadmin = ["{ANNA}"]\n')
    assert sign_in.person() == Person(None, None)
    seal = sign_in.sealed(SignedIn(ANNA))
    forged = [ANNA, "W10=.x", seal[:-1], seal.replace(".", "A."), sign_in.sealed(SignedIn(ANNA, time.time()))]
    for said in forged:
        headers[HEADER] = said
        assert sign_in.person() == Person(None, None), said
    headers[HEADER] = seal
    assert sign_in.person() == Person(ANNA, "admin")
    file.write_text(f'login = "oidc"\n[roles]\nviewer = ["{ANNA}"]  # from the next click\n')
    assert sign_in.person() == Person(ANNA, "viewer")
    monkeypatch.setattr(sign_in, "get_script_run_ctx", lambda **_: None)
    assert sign_in.person() == Person(None, None), "a thread without a page may do nothing"
    people.find_by(sign_in.person)
    with people.on_behalf_of(None):  # a job from before anybody had to sign in
        assert people.current() == Person(None, "admin")
    file.unlink()
    assert sign_in.person() is None and people.current() == Person(None, "admin")


def test_a_file_is_made_for_whoever_pressed_as_long_as_they_may_have_it(
    private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private_var.mkdir()
    file = private_var / settings.FILE
    file.write_text('login = "oidc"\nothers = "viewer"\n')
    ends = time.time() + 3600
    page = SimpleNamespace(headers={HEADER: sign_in.sealed(SignedIn(ANNA, ends))})
    monkeypatch.setattr(st, "context", page)
    monkeypatch.setattr(sign_in, "get_script_run_ctx", lambda **_: object())
    people.find_by(sign_in.person)
    offered: list[Any] = []
    monkeypatch.setattr(st, "download_button", lambda *arguments, **_: offered.append(arguments[1]))
    widgets.csv_button(lambda: str(people.current().login), "x.csv", key="x")
    (make,) = offered
    page.headers = {}
    monkeypatch.setattr(sign_in, "get_script_run_ctx", lambda **_: None)  # Streamlit makes it elsewhere
    assert make().decode("utf-8-sig") == ANNA
    with monkeypatch.context() as later:
        later.setattr(sign_in.time, "time", lambda: ends + 1)
        with pytest.raises(NotAllowedError, match=r"Sign in first\."):
            make()
    file.write_text('login = "oidc"\nothers = "nobody"\n')
    with pytest.raises(NotAllowedError, match="ask an administrator"):
        make()
    said: list[str] = []
    monkeypatch.setattr(st, "caption", said.append)
    widgets.csv_button(str, "x.csv", key="x")
    assert said == ["Sign in first."] and len(offered) == 1, "a sentence instead of a button"


@pytest.mark.parametrize(
    ("address", "hosts", "shown"),
    [
        ("127.0.0.1", [], "http://127.0.0.1:8501/?token=t"),
        ("0.0.0.0", [], "http://127.0.0.1:8501/?token=t"),
        ("0.0.0.0", ["box"], "http://127.0.0.1:8501/?token=t"),
        ("192.168.0.9", [], "http://192.168.0.9:8501/?token=t"),
        ("::1", [], "http://[::1]:8501/?token=t"),
    ],
)
def test_the_address_that_is_printed_is_let_in(
    script: Path, address: str, hosts: list[str], shown: str
) -> None:
    printed = run.printed(address, 8501, "t", hosts)
    assert shown in printed
    assert ("--host NAME" in printed) is (address == "0.0.0.0" and not hosts)
    run.configure(address, 8501, hosts)
    client = TestClient(run.make_app("t", script), follow_redirects=False)
    assert client.get(shown).status_code == 303
    shown_once = {"Cookie": f"{COOKIE}=t"}
    assert client.get(shown, headers=shown_once).status_code == 200
    assert client.get("http://evil.example:8501/", headers=shown_once).status_code == 400
    for host in hosts:
        assert client.get(f"http://{host}:8501/", headers=shown_once).status_code == 200
