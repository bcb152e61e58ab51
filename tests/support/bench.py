"""A bench that runs beside the tests, and requests to it, by hand."""

import http.client
import json
import socket
import threading
from contextlib import closing, contextmanager

from viz.serving.server import Bench


@contextmanager
def running(**options):
    """A bench on a port of its own, that is closed afterwards."""
    bench = Bench(0, **options)
    thread = threading.Thread(target=bench.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield bench
    finally:
        bench.shutdown()
        bench.server_close()
        thread.join()


def request(bench, method, path, body=None, **headers):
    """Status, headers and text of a reply; `path` is behind the token, or begins with a slash."""
    path = path if path.startswith("/") else f"/{bench.token}/{path}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", bench.server_port, timeout=60)
    with closing(connection):
        connection.request(method, path, body, given)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read().decode()


def ask(bench, expression, **values):
    """The answer to a question, which is one."""
    body = json.dumps({"expression": expression, "values": values})
    status, _, text = request(bench, "POST", "answer", body, Content_Type="application/json")
    assert status == 200
    return json.loads(text)


def raw(bench, data):
    """All that is answered to these bytes, before the connection is closed."""
    with socket.create_connection(("127.0.0.1", bench.server_port), timeout=60) as connection:
        connection.sendall(data)
        found = b""
        try:
            while block := connection.recv(65536):
                found += block
        except ConnectionResetError:
            pass
        return found
