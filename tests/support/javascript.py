"""JavaScript run from a test: by Node, or where there is none in a browser."""

import atexit
import functools
import json
import math
import shutil
import subprocess

import pytest
from browser import browser

# A function from a question, `{source, name, calls}` in JSON, to the answer.
ANSWER = """
const told = (key, x) => typeof x == "number" && !Number.isFinite(x) ? String(x) : x;
const asked = (key, x) => ["NaN", "Infinity", "-Infinity"].includes(x) ? Number(x) : x;
function answer(question) {
    const {source, name, calls} = JSON.parse(question, asked);
    try {
        const f = new Function(`"use strict";${source}; return ${name};`)();
        return JSON.stringify({found: calls.map((args) => f(...args))}, told);
    } catch (error) {
        return JSON.stringify({error: String(error)});
    }
}
"""
SERVER = f"""{ANSWER}
const {{createInterface}} = require("node:readline");
createInterface({{input: process.stdin}}).on("line", (line) => console.log(answer(line)));
"""


def runner(ask):
    """What runs a function that a text defines on lists of arguments, by asking a question."""

    def run(source, name, calls):
        answer = json.loads(
            ask(json.dumps({"source": source, "name": name, "calls": _told(calls)}))
        )
        if "error" in answer:
            pytest.fail(f"{answer['error']}\n{source}")
        return _read(answer["found"])

    return run


class Node:
    """A process of Node's that answers each line by a line."""

    def __init__(self, program):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [program, "-e", SERVER], stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
        )
        atexit.register(self.close)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


def _told(tree):
    if isinstance(tree, (list, tuple)):
        return [_told(branch) for branch in tree]
    if isinstance(tree, dict):
        return {key: _told(branch) for key, branch in tree.items()}
    number = float(tree)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _read(tree):
    if isinstance(tree, list):
        return [_read(branch) for branch in tree]
    if isinstance(tree, dict):
        return {key: _read(branch) for key, branch in tree.items()}
    return float(tree)


@functools.cache
def javascript():
    """What runs JavaScript here, Node or a browser; the test is skipped where there is neither."""
    program = shutil.which("node")
    if program is not None:
        return runner(Node(program).ask)
    window = browser()
    return runner(lambda question: window.run(f"{ANSWER} return answer(arguments[0])", question))
