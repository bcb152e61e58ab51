"""The bench's server: what it answers, to whom, and what it does not let in."""

import concurrent.futures
import json
import re
import socket
import threading
import time
from urllib.parse import quote

import pytest
from bench import ask, raw, request, running
from names import NASTY

from viz.serving.server import AT_ONCE, LARGEST, MOST_NAMES

pytest.importorskip("pygraphviz")
JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def bench():
    with running() as bench:
        yield bench


def question(expression="x*x", **values):
    return json.dumps({"expression": expression, "values": values})


# -- what it answers -----------------------------------------------------------------------


def test_a_question_has_all_parts(bench):
    parts = ask(bench, "f = x*y", x="2", y="3")
    assert parts["result"] == {"name": "f", "value": "6"}
    assert [leaf["gradient"] for leaf in parts["leaves"]] == ["3", "2"]
    assert "def f(x, y):" in parts["program"]
    assert {check["verdict"] for check in parts["checks"]} == {"agrees"}
    assert parts["picture"].rstrip().endswith("</svg>")
    assert "missing" not in parts


@pytest.mark.parametrize(
    "name", ["", "common.css", "bench.css", "parts.css", "bench.js", "parts.js"]
)
def test_the_page_and_its_files(bench, name):
    status, headers, text = request(bench, "GET", name)
    assert status == 200
    assert text
    assert headers["Content-Type"].endswith("; charset=utf-8")
    assert_strict(headers)


def assert_strict(headers):
    """What no reply is without."""
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "frame-ancestors" in policy
    assert policy.startswith(("default-src 'none'", "sandbox allow-scripts;"))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Server"].strip() == "nabigrad"


def test_the_page_holds_no_script_or_style_of_its_own(bench):
    _, _, text = request(bench, "GET", "")
    assert "<style" not in text
    assert re.findall(r"<script[^>]*>(.*?)</script>", text) == ["", ""]
    assert not re.search(r"\son\w+=|\sstyle=|https?://(?!www.w3.org)", text)


def page_of(expression, **values):
    return "page?q=" + quote(question(expression, **values), safe="")


def test_the_page_that_steps_is_in_a_sandbox(bench):
    status, headers, text = request(bench, "GET", page_of("sin(x)", x="1"))
    assert status == 200
    assert headers["Content-Security-Policy"] == (
        "sandbox allow-scripts; frame-ancestors 'self'"
    )  # fmt: skip
    assert_strict(headers)
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'' in text


def test_a_page_that_there_is_none_of_says_why(bench):
    status, headers, text = request(bench, "GET", page_of("2x", x="1"))
    assert status == 422
    assert "write 2*x" in text
    assert_strict(headers)
    long = " + ".join(["x*y"] * 600)
    assert "up to 500 nodes" in request(bench, "GET", page_of(long))[2]


# -- who may ask ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/wrong/", "//", "/%00/", "/é/".encode().decode("latin-1"), "/?x", "/..", "*"]
)
def test_without_the_token_there_is_nothing(bench, path):
    reply = raw(
        bench, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{bench.server_port}\r\n\r\n".encode()
    )
    assert reply.startswith(b"HTTP/1.0 404")
    assert bench.token.encode() not in reply
    assert b"There is no bench at this address." in reply


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda t: t[:-1], lambda t: t + "a"])
def test_another_token_is_none(bench, change):
    if change(bench.token) != bench.token:
        assert request(bench, "GET", f"/{change(bench.token)}/")[0] == 404
    body = question()
    assert request(bench, "POST", f"/{change(bench.token)}x/answer", body, **JSON)[0] == 404


def test_each_start_has_a_token_of_its_own(bench):
    with running(workers=1) as other:
        assert other.token != bench.token
        assert len(other.token) >= 32


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}",
     "127.0.0.1:{port}.evil", "[::1]:{port}", "", "127.0.0.1:{port}, evil"],
)  # fmt: skip
def test_a_name_that_was_bound_to_this_address_is_refused(bench, host):
    host = host.format(port=bench.server_port)
    for method, name in (("GET", ""), ("POST", "answer")):
        status, headers, _ = request(bench, method, name, question(), Host=host, **JSON)
        assert status == 421
        assert_strict(headers)


def test_a_host_is_named_once(bench):
    path, port = f"/{bench.token}/", bench.server_port
    twice = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    assert raw(bench, twice.encode()).startswith(b"HTTP/1.0 421")
    assert raw(bench, f"GET {path} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.0 421")
    named = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
    assert raw(bench, named.encode()).startswith(b"HTTP/1.0 200")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "",
               "http://127.0.0.1:{port}/"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(bench, origin):
    origin = origin.format(port=bench.server_port)
    status, headers, text = request(bench, "POST", "answer", question(), Origin=origin, **JSON)
    assert status == 403
    assert_strict(headers)
    assert "result" not in text
    own = f"http://localhost:{bench.server_port}"
    assert request(bench, "POST", "answer", question(), Origin=own, **JSON)[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a/b; x"])
def test_what_a_form_of_another_page_can_send_is_refused(bench, kind):
    assert request(bench, "POST", "answer", question(), Content_Type=kind)[0] == 415


# -- what may be asked ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../viz/__main__.py", "..%2f..%2fsetup.cfg", "server.py", "bench.js/", "./bench.js",
     "bench.js%00", "%2e%2e/bench.js", "//etc/passwd", "etc/passwd", "answer", "bench.css/../x",
     "..\\setup.cfg", "Bench.js", "file:///etc/passwd"],
)  # fmt: skip
def test_no_path_leads_out(bench, name):
    status, headers, text = request(bench, "GET", f"/{bench.token}/{name}")
    assert status == 404
    assert_strict(headers)
    assert "import" not in text
    assert "root:" not in text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH", "<b>"])
def test_other_methods_are_refused(bench, method):
    host = f"Host: 127.0.0.1:{bench.server_port}"
    reply = raw(bench, f"{method} /{bench.token}/ HTTP/1.1\r\n{host}\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.0 501 ", reply)
    assert b"<b>" not in reply.partition(b"\r\n\r\n")[2]
    assert b"Traceback" not in reply


@pytest.mark.parametrize(
    "data",
    [b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
     b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n",
     b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
     b"POST / HTTP/1.1\r\n\r\n", b"GET http://evil/ HTTP/1.1\r\nHost: evil\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_answered_or_not(bench, data):
    reply = raw(bench, data)
    assert (
        not reply or re.match(rb"(HTTP/1.0 )?[45]\d\d |<!doctype", reply) or reply[:5] == b"HTTP/"
    )
    assert bench.token.encode() not in reply
    assert b" 200 " not in reply[:20]
    assert ask(bench, "x")["result"]


@pytest.mark.parametrize(
    "name", ["%0d%0aSet-Cookie:%20a=b", "x%0aLocation:%20/", "page?q=%0d%0aA:b"]
)
def test_nothing_that_is_sent_becomes_a_header(bench, name):
    _, headers, text = request(bench, "GET", f"/{bench.token}/{name}")
    assert_strict(headers)
    assert "Set-Cookie" not in headers
    assert "Location" not in headers
    assert "A" not in headers
    assert "Set-Cookie" not in text


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", "{", "[" * 100_000, '{"expression": 1, "values": {}}',
     '{"expression": "x", "values": []}', '{"expression": "x", "values": {"x": 1}}',
     '{"expression": "x", "values": {"x": {}}}', '{"expression": "x"}', "\xff", "NaN",
     '{"expression": "x", "values": {}, "want": "page"}',
     json.dumps({"expression": "x", "values": {f"x{i}": "1" for i in range(MOST_NAMES + 1)}}),
     json.dumps({"expression": "x", "values": {"x": "1" * 1_001}})],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_question_is_refused(bench, body):
    status, headers, _ = request(bench, "POST", "answer", body.encode("latin-1"), **JSON)
    assert status == 400
    assert_strict(headers)


def head(bench, *lines):
    first = f"POST /{bench.token}/answer HTTP/1.1", f"Host: 127.0.0.1:{bench.server_port}"
    return "\r\n".join([*first, "Content-Type: application/json", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"Content-Length: {LARGEST + 1}", 413),
        ("Content-Length: " + "9" * 5_000, 413),
        ("Content-Length: -1", 411),
        ("Content-Length: ٣", 411),
        ("Content-Length: 0x10", 411),
        ("A: b", 411),
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", 411),
    ],
)
def test_a_body_of_no_length_or_too_large_is_not_read(bench, line, status):
    assert raw(bench, head(bench, line) + b"xyz").startswith(f"HTTP/1.0 {status} ".encode())


# -- time, and many at once ----------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty():
    with running(patience=0.3, workers=1) as bench:
        yield bench


@pytest.mark.parametrize("begun", ["nothing", "a line", "the head", "a part of the body"])
def test_who_sends_too_slowly_is_hung_up_on(hasty, begun):
    parts = {
        "nothing": b"",
        "a line": b"GET / HT",
        "the head": b"GET / HTTP/1.1\r\nA: b\r\n",
        "a part of the body": head(hasty, "Content-Length: 50") + b'{"ex',
    }
    with socket.create_connection(("127.0.0.1", hasty.server_port), timeout=60) as connection:
        connection.sendall(parts[begun])
        found = b"".join(drip(connection))
    assert not found.startswith(b"HTTP/1.0 200")
    assert ask(hasty, "x")["result"]["value"] == "1"


def drip(connection):
    """Send a byte now and then, each sooner than any limit, until the other end hangs up."""
    connection.settimeout(0.1)
    while True:
        try:
            block = connection.recv(65536)
        except TimeoutError:
            try:
                connection.sendall(b"a")
            except OSError:
                return
            continue
        except OSError:
            return
        if not block:
            return
        yield block


def test_a_thousand_who_say_nothing_take_no_more_than_their_places():
    with running(patience=1.0, workers=1) as bench:
        before = threading.active_count()
        sockets = []
        for _ in range(1_000):
            try:
                one = socket.socket()
            except OSError:  # no more files may be open: those that are will do
                break
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", bench.server_port))
            sockets.append(one)
        most = 0
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            most = max(most, threading.active_count() - before)
            time.sleep(0.01)
        for one in sockets:
            one.close()
        assert len(sockets) > 200
        assert AT_ONCE <= most <= 2 * AT_ONCE + 1  # a thread and a clock for each
        assert ask(bench, "x*x", x="3")["result"]["value"] == "9"


def test_a_thousand_questions_at_once_are_all_answered(bench):
    before = threading.active_count()
    most = 0

    def one(i):
        nonlocal most
        most = max(most, threading.active_count() - before)
        return ask(bench, f"x{i} +")["error"]["offset"]

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        found = list(pool.map(one, range(1_000)))
    assert found == [len(f"x{i} +") for i in range(1_000)]
    assert most <= 64 + 2 * AT_ONCE + 2


def test_what_takes_too_long_is_told_and_the_next_is_answered():
    with running(limit=0.001, workers=1) as bench:
        parts = ask(bench, "x")
        assert parts["missing"] == "The rest of this has not been computed in 0.001 seconds."
        assert "0.001 seconds" in request(bench, "GET", page_of("x"))[2]
        bench.limit = 30.0
        assert ask(bench, "x*x", x="3")["result"]["value"] == "9"


# -- what is typed -------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*NASTY, "</script><script>alert(1)</script>", "<img onerror=a>"])
def test_nasty_texts_are_answered_in_words(bench, text):
    for parts in (
        ask(bench, text),
        ask(bench, f"x + {text}"),
        ask(bench, "x", x=text[:1000]),
        ask(bench, "x", **{text[:1000] or " ": "1"}),
    ):
        reason = parts.get("error", {"reason": "fine"})["reason"]
        assert reason.isprintable()
        assert "<script" not in parts.get("picture", "")
    status, headers, page = request(bench, "GET", page_of(text[:1000]))
    assert status in (200, 422)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert_strict(headers)


def test_nothing_typed_is_evaluated(bench, tmp_path):
    mark = tmp_path / "mark"
    for text in (
        f"open({str(mark)!r}, 'w')",
        f"__import__('os').mkdir({str(mark)!r})",
        f"[].__class__.__base__.__subclasses__() + {str(mark)!r}",
        f"(lambda: open({str(mark)!r}, 'w'))()",
    ):
        assert ask(bench, text)["error"]
        assert ask(bench, "x", x=text)["error"]
    assert not mark.exists()
