"""A real HTTP server on loopback that answers an OpenAI-compatible client by a script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sensecf_core.language.models import registry
from sensecf_core.language.remote import allow_list
from sensecf_core.paths import var


@dataclass(frozen=True)
class Response:
    """One response: its status, headers and body; ``after`` seconds, and cut to ``only`` bytes if given."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    only: int | None = None


Script = Callable[[dict[str, Any]], Response]


def completion(*contents: str | None, finish: str = "stop", tokens: int = 10) -> Response:
    """A chat completion with one choice for each content."""
    choices = [
        {"index": number, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        for number, text in enumerate(contents)
    ]
    usage = {"prompt_tokens": 100, "completion_tokens": tokens * len(contents)}
    return Response(body={"model": "scripted-1", "choices": choices, "usage": usage})


def edits(**values: Any) -> str:
    """A JSON answer."""
    return json.dumps({"changes": [{"feature": name, "value": value} for name, value in values.items()]})


@dataclass
class Server:
    """The requests it got (bodies, headers, paths) and its responses: ``script``, then ``otherwise``."""

    url: str
    otherwise: Script
    script: list[Response | Script] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Response:
        with self.lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.bodies.append(body)
            step = self.script.pop(0) if self.script else self.otherwise
        return step if isinstance(step, Response) else step(body)


def all_requested(body: dict[str, Any]) -> Response:
    """Give as many answers as were requested, as JSON where a schema was sent."""
    text = edits(bmi=28.0, sugar=60) if "response_format" in body else "bmi=28.0; sugar=60"
    return completion(*[text] * body.get("n", 1))


@contextmanager
def serving(otherwise: Script = all_requested) -> Iterator[Server]:
    """Serve on a free port of loopback."""
    server = Server(url="", otherwise=otherwise)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = server.answer(self.path, dict(self.headers), body)
            content = (
                response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
            )
            time.sleep(response.after)
            try:
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: response.only])
                if response.only is not None:
                    self.close_connection = True
            except OSError:  # the client has gone
                self.close_connection = True

        def log_message(self, *_: Any) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


@contextmanager
def reading_words(line: str) -> Iterator[Server]:
    """A server called ``reader`` that answers every sentence by the same line, allowed for nhanes."""
    with serving(lambda body: completion(line)) as server:
        entry = f'[reader]\nkind = "endpoint"\nsource = "{server.url}"\n'
        var(registry.OWN_FILE).write_text(entry, encoding="utf-8")
        var(allow_list.FILE).write_text('["127.0.0.1"]\ncohorts = ["nhanes"]\n', encoding="utf-8")
        yield server
