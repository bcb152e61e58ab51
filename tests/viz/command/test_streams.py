"""Readers that stop, a full disk, closed streams and Ctrl-C: no traceback, no half of a file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "viz", "x*y", "x=2", "y=3"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
FULL = Path("/dev/full")
WRITTEN = [[], ["--explain"], ["-o", "-.mmd"], ["-o", "-.svg"], ["-o", "-.html"]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Streams are closed as POSIX does.")


def ran(arguments, folder, **streams):
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=ENVIRONMENT, text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", WRITTEN)
def test_a_reader_that_has_read_enough_is_no_error(arguments, tmp_path):
    ours, theirs = os.pipe()
    os.close(ours)
    done = ran(arguments, tmp_path, stdout=theirs)
    os.close(theirs)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "roken pipe" not in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="There is no full device here.")
@pytest.mark.parametrize("arguments", WRITTEN)
def test_a_full_disk_is_said_in_one_line_and_no_file_is_left(arguments, tmp_path):
    more = ["-o", "more.mmd"] if arguments and arguments[0] == "-o" else []
    with FULL.open("wb") as stream:
        done = ran([*arguments, *more], tmp_path, stdout=stream)
    assert done.returncode == 2
    assert done.stderr == "python -m viz: No space left on device: 'standard output'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [([], 0, ""), (["-o", "-.mmd"], 2, "python -m viz: standard output is closed: name a file\n")],
)
def test_without_standard_output(arguments, code, words, tmp_path):
    closing = 'exec "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", closing, "sh", *COMMAND, *arguments], cwd=tmp_path, env=ENVIRONMENT,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, words)


def test_interrupted_it_ends_without_a_traceback(tmp_path):
    (tmp_path / "endless.py").write_text(
        "def f(x):\n    print('begun', flush=True)\n    while True:\n        pass\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "viz", "endless.py:f", "x=1"], cwd=tmp_path, env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stderr.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (130, "", "")


@pytest.mark.skipif(not FULL.exists(), reason="There is no full device here.")
def test_a_bench_that_cannot_say_where_it_is_ends(tmp_path):
    with FULL.open("wb") as stream:
        done = subprocess.run(
            [*COMMAND[:3], "--serve", "--port", "0"], cwd=tmp_path, env=ENVIRONMENT, text=True,
            stdout=stream, stderr=subprocess.PIPE, timeout=30,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "python -m viz --serve: No space left on device: 'standard output'\n"
