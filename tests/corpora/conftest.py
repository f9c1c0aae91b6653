"""A real HTTP server on this machine whose answers a test chooses, and places that belong to one test alone."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Page:
    """One address of the server and how it behaves."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    etag: str | None = None
    modified: str | None = None
    ranges: bool = True  # whether it knows the Range header
    heeds_if_range: bool = True
    breaks_after: int | None = None  # send so many bytes of an answer, then close the connection
    length: bool = True  # whether it states Content-Length
    encoding: str | None = None
    location: str | None = None


@dataclass
class Server:
    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def add(self, path: str, body: bytes = b"", **how: object) -> str:
        self.pages[path] = Page(body, **how)
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    server_state: Server

    def do_GET(self) -> None:
        state = self.server_state
        state.requests.append((self.path, dict(self.headers)))
        page = state.pages.get(self.path, Page(b"no such page", status=404, kind="text/plain"))
        body, status, extra = page.body, page.status, {}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if wanted and page.ranges and status == 200:
            start = int(wanted[1])
            if condition and page.heeds_if_range and condition not in (page.etag, page.modified):
                pass
            elif start >= len(body):
                status, extra, body = 416, {"Content-Range": f"bytes */{len(page.body)}"}, b""
            else:
                status, extra = 206, {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
                body = body[start:]
        self.send_response(status)
        headers = {
            "Content-Type": page.kind,
            "ETag": page.etag,
            "Last-Modified": page.modified,
            "Location": page.location,
        }
        headers |= {
            "Content-Encoding": page.encoding,
            "Content-Length": str(len(body)) if page.length else None,
        } | extra
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # a client that has seen enough hangs up
            self.wfile.write(body if page.breaks_after is None else body[: page.breaks_after])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    handler = type("Handler", (_Handler,), {"server_state": state})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache and user's data folder of this test; nothing outside it is looked at, and no proxy is asked."""
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("EMOLIB_CACHE", str(place / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "user"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("EMOLIB_DATA", raising=False)
    return place


_REAL_DATA = os.environ.get("EMOLIB_DATA", "")


@pytest.fixture
def real_data() -> Path:
    """The folder of the real corpora; the test is skipped where there is none."""
    if not _REAL_DATA or not Path(_REAL_DATA).is_dir():
        pytest.skip("EMOLIB_DATA does not name a folder with the real corpora")
    return Path(_REAL_DATA)


@pytest.fixture
def nobody() -> str:
    """An address on this machine where no server listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
