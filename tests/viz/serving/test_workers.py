"""The processes of the bench: in time, or ended; and the next question has its answer."""

import os
import signal
import stat
import sys
import threading
import time

import pytest
from browser import wait

from viz.serving.workers import BusyError, Worker, Workers

pytest.importorskip("pygraphviz")
QUESTION = {"want": "answer", "expression": "x*x", "values": {"x": "3"}}


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.end()


def ask(worker, seconds=60.0, **changes):
    return worker.ask({**QUESTION, **changes}, time.monotonic() + seconds)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def process_of(worker):
    return worker._process


def test_one_process_answers_question_after_question(worker):
    for i in range(3):
        parts, ending = ask(worker, values={"x": str(i)})
        assert ending == "whole"
        assert parts["result"]["value"] == str(i * i)
    first = process_of(worker).pid
    assert "</html>" in ask(worker, want="page")[0]["page"]
    assert ask(worker, expression="x +")[0]["error"]["offset"] == 3
    assert process_of(worker).pid == first


def test_it_is_ended_where_it_takes_too_long_and_started_anew(worker):
    assert ask(worker).ending == "whole"
    pid = process_of(worker).pid
    os.kill(pid, signal.SIGSTOP)
    assert ask(worker, 0.2) == ({}, "late")
    assert not alive(pid)
    assert ask(worker)[0]["result"]["value"] == "9"


def test_a_process_that_ends_by_itself_is_started_anew(worker):
    assert ask(worker).ending == "whole"
    os.kill(process_of(worker).pid, signal.SIGKILL)
    wait(lambda: process_of(worker).poll() is not None)
    assert ask(worker)[0]["result"]["value"] == "9"


def test_what_has_come_in_time_is_kept_and_the_renderer_is_ended_too(tmp_path, monkeypatch):
    dot = tmp_path / "dot"
    dot.write_text(f"#!{sys.executable}\nimport os, time\nopen({str(tmp_path / 'pid')!r}, 'w')"
                   ".write(str(os.getpid()))\ntime.sleep(600)\n")  # fmt: skip
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    worker = Worker()
    parts, ending = ask(worker, 4.0)
    assert ending == "late"
    assert parts["result"]["value"] == "9"
    assert "picture" not in parts
    pid = int((tmp_path / "pid").read_text())
    wait(lambda: not alive(pid))
    worker.end()


def test_what_is_printed_is_no_part_of_an_answer(worker):
    # A question that is none ends the process, whose words go to standard error.
    assert worker.ask({"want": "nothing"}, time.monotonic() + 60.0) == ({}, "broken")
    assert ask(worker).ending == "whole"


def test_who_finds_no_process_free_is_told():
    workers = Workers(1)
    workers.start()
    try:
        pid = workers._all[0]._process.pid
        os.kill(pid, signal.SIGSTOP)
        thread = threading.Thread(target=workers.ask, args=(QUESTION, 1.0))
        thread.start()
        wait(lambda: workers._free.empty())
        with pytest.raises(BusyError):
            workers.ask(QUESTION, 0.05)
        thread.join()
        assert workers.ask(QUESTION, 60.0)[0]["result"]["value"] == "9"
    finally:
        workers.end()
    assert workers._all[0]._process is None
