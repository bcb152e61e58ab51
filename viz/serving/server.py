"""The bench's server: on this machine alone, for who knows its address, and for nothing else.

Other pages in the same browser can send requests here too. So each must have the random token in
its path, name this server as its host (a name that was bound to this address anew does not), and
come from no other origin; methods, sizes and times are bounded, and the pages may load and run
what is theirs alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .. import interactive
from ..interactive.document import text_of
from ..palette import dark_style
from .workers import Answer, BusyError, Ending, Workers

LOOPBACK = "127.0.0.1"
LARGEST = 2**17  # bytes of a question
MOST_NAMES, LONGEST_VALUE = 500, 1_000
PATIENCE = 10.0  # seconds for a request to arrive
LIMIT = 20.0  # seconds to answer it
AT_ONCE = 16  # requests; others wait

_FILES = {
    "": (__package__, "bench.html", "text/html"),
    "common.css": (interactive.__name__, "common.css", "text/css"),
    "bench.css": (__package__, "bench.css", "text/css"),
    "parts.css": (__package__, "parts.css", "text/css"),
    "bench.js": (__package__, "bench.js", "text/javascript"),
    "parts.js": (__package__, "parts.js", "text/javascript"),
}
_COMMON = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STYLE = (
    "body{max-width:40em;margin:2em auto;padding:0 1em;font:20px/1.5 Helvetica,Arial,sans-serif}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_NOTHING = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors "
)
_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STALE = (
    "There is no bench at this address. Each start has an address of its own, which the terminal "
    "shows; what follows # in a bookmark can be put behind it."
)


class Bench(ThreadingHTTPServer):
    """The server; `serve_forever` runs it, `server_close` ends it and its processes.

    A request may take `patience` seconds to arrive, and `limit` to be answered, by so many
    `workers`. `url` is where it is. Raises OSError for a port that is taken.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int = 0, limit: float = LIMIT, patience: float = PATIENCE, workers: int = 2
    ) -> None:
        self.workers = Workers(workers)
        super().__init__((LOOPBACK, port), _Handler)
        self.workers.start()
        self.token = secrets.token_urlsafe(24)
        self.limit, self.patience = limit, patience
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """What a request may call this server."""
        return f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, once there is a place."""
        self._places.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:  # there is no thread to give the place back
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The whole of a request; its place is free again then."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A request that breaks off is of no interest to who reads the terminal."""

    def server_close(self) -> None:
        """Close the socket, and end the processes."""
        super().server_close()
        self.workers.end()


class _RefusedError(Exception):
    """A request that is not answered, by its status and in words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Bench
    server_version, sys_version = "nabigrad", ""

    def setup(self) -> None:
        """Hang up on who sends too slowly, however little at a time."""
        super().setup()
        self.connection.settimeout(self.server.patience)  # of one read or write
        self._clock = threading.Timer(self.server.patience, self._hang_up)
        self._clock.daemon = True
        self._clock.start()

    def finish(self) -> None:
        """The end, also of the clock."""
        self._clock.cancel()
        with suppress(OSError):
            super().finish()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        """The page, its files, and the page that steps through a graph."""
        self._answer(self._got)

    def do_POST(self) -> None:
        """A question."""
        self._answer(self._asked)

    def _answer(self, how: Any) -> None:
        try:
            name, query = self._checked()
            how(name, query)
        except _RefusedError as refused:
            self._send(refused.status, _in_words(str(refused)), "text/html", f"{_NOTHING}'self'")

    # -- who asks, and for what ------------------------------------------------------------

    def _checked(self) -> tuple[str, str]:
        """What is behind the token in the path; _RefusedError for who may not ask."""
        hosts, origin = self.headers.get_all("Host", []), self.headers.get("Origin")
        if len(hosts) != 1 or hosts[0] not in self.server.hosts:
            raise _RefusedError(421, "This server answers to its own address alone.")
        if origin is not None and origin not in [f"http://{h}" for h in self.server.hosts]:
            raise _RefusedError(403, "This server answers its own page alone.")
        path = urlsplit(self.path)
        token, slash, name = path.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()) or not slash:
            raise _RefusedError(404, _STALE)
        return name, path.query

    def _got(self, name: str, query: str) -> None:
        if name == "page":
            self._send_page(_question(_only(query)))
        elif name in _FILES:
            package, file, kind = _FILES[name]
            self._send(200, _file(package, file), kind, _OWN)
        else:
            raise _RefusedError(404, "There is nothing of this name.")

    def _asked(self, name: str, query: str) -> None:
        if name != "answer" or query:
            raise _RefusedError(404, "There is nothing of this name.")
        question = _question(self._body())
        self._clock.cancel()
        parts, ending = self._ask("answer", question)
        if ending != "whole":
            parts["missing"] = self._excuse(ending)
        self._send(200, json.dumps(parts), "application/json", f"{_NOTHING}'none'")

    def _body(self) -> str:
        """The text that was sent."""
        if self.headers.get_content_type() != "application/json":
            raise _RefusedError(415, "A question is sent as application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise _RefusedError(411, "A question is sent with its length.")
        if len(length) > 9 or int(length) > LARGEST:
            raise _RefusedError(413, f"A question has at most {LARGEST} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _RefusedError(400, "A question is sent whole.")
        return body.decode("utf-8", "replace")

    def _excuse(self, ending: Ending) -> str:
        late = f"The rest of this has not been computed in {self.server.limit:g} seconds."
        return late if ending == "late" else "The process that computes broke off at this."

    def _ask(self, want: str, question: dict[str, Any]) -> Answer:
        try:
            return self.server.workers.ask({"want": want, **question}, self.server.limit)
        except BusyError:
            raise _RefusedError(503, "All is busy: ask again.") from None

    # -- what is answered ------------------------------------------------------------------

    def _send_page(self, question: dict[str, Any]) -> None:
        self._clock.cancel()
        parts, ending = self._ask("page", question)
        if "page" not in parts:
            excuse = {"reason": self._excuse(ending)}
            raise _RefusedError(422, parts.get("error", excuse)["reason"])
        # The page says itself what may run in it; here, that it can do nothing beside.
        policy = "sandbox allow-scripts; frame-ancestors 'self'"
        self._send(200, parts["page"], "text/html", policy)

    def _send(self, status: int, text: str, kind: str, policy: str) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        headers = {**_COMMON, "Content-Security-Policy": policy, "Content-Length": str(len(body))}
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses, a method or a request that is none, in our words."""
        self.close_connection = True
        with suppress(OSError):
            self._send(code, _in_words("This is no request for this server."), "text/html",
                       f"{_NOTHING}'none'")  # fmt: skip

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what others send does not reach the terminal."""


def _question(text: str) -> dict[str, Any]:
    """A question, of the right form; _RefusedError for another."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not _is_question(found):
        raise _RefusedError(400, "A question has an expression, and values by names, as texts.")
    return {"expression": found["expression"], "values": found["values"]}


def _only(query: str) -> str:
    """What a query has as `q`, which is all that it may have."""
    try:
        found = parse_qs(query, max_num_fields=1)
    except ValueError:
        found = {}
    return found.get("q", [""])[0]


def _is_question(found: Any) -> bool:
    if not isinstance(found, dict) or found.keys() != {"expression", "values"}:
        return False
    values = found["values"]
    return (
        isinstance(found["expression"], str)
        and isinstance(values, dict)
        and len(values) <= MOST_NAMES
        and all(isinstance(v, str) and len(v) <= LONGEST_VALUE for v in values.values())
    )


def _file(package: str, name: str) -> str:
    """A file of a package's folder; what follows the last one's style is the picture's."""
    return text_of(package, name) + (dark_style() if name == "parts.css" else "")


def _in_words(words: str) -> str:
    """A page that says something."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>nabigrad</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<meta name="color-scheme" content="light dark"><style>{_STYLE}</style>'
        f"<p>{html.escape(words)}</p></html>"
    )
