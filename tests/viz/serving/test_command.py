"""`python -m viz --serve`: it says where it is, and Ctrl-C ends it."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import viz.serving.command
from viz.__main__ import main

ROOT = Path(__file__).resolve().parents[3]


def started(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "viz", "--serve", *arguments], text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_it_runs_until_it_is_interrupted():
    port = free_port()
    with started("--port", str(port)) as process:
        url = re.fullmatch(r"The bench is at (\S+)\n", process.stdout.readline())[1]
        assert process.stdout.readline() == "Ctrl-C ends it.\n"
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/[\w-]{{32}}/", url)
        with urllib.request.urlopen(url, timeout=60) as reply:
            assert b"<title>The bench</title>" in reply.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "\nThe bench is closed.\n", "")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=60)


def test_a_port_that_is_taken(capsys, monkeypatch):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        with pytest.raises(SystemExit) as stop:
            main(["--serve", "--port", str(port)])
        assert stop.value.code == 2
        assert f"port {port} is taken: choose another --port" in capsys.readouterr().err
        monkeypatch.setattr(viz.serving.command, "PORT", port)
        monkeypatch.setattr(viz.serving.command.Bench, "serve_forever", interrupted)
        opened = []
        monkeypatch.setattr("webbrowser.open", opened.append)
        assert main(["--serve", "--open"]) == 0  # one that was not asked for is another
        assert opened
        assert opened[0] in capsys.readouterr().out
        assert f":{port}/" not in opened[0]


def interrupted(bench):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "x"], "a port is a number from 0 to 65535, not 'x'"),
        (["--port", "-1"], "port"),
        (["--port", "65536"], "from 0 to 65535"),
        (["--port", "9" * 5_000], "from 0 to 65535"),
        (["--port"], "expected one argument"),
        (["x*x"], "unrecognized arguments: x*x"),
    ],
)
def test_arguments_that_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--serve", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
