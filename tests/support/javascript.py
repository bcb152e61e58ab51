"""JavaScript run from a test: by Node, or where there is none in a browser."""

import atexit
import functools
import json
import math
import shutil
import subprocess

import pytest

# Answers each line, `{source, name, calls}` in JSON, by a line with the results.
SERVER = """
const {createInterface} = require("node:readline");
const told = (key, x) => typeof x == "number" && !Number.isFinite(x) ? String(x) : x;
const asked = (key, x) => ["NaN", "Infinity", "-Infinity"].includes(x) ? Number(x) : x;
createInterface({input: process.stdin}).on("line", (line) => {
    const {source, name, calls} = JSON.parse(line, asked);
    let answer;
    try {
        const f = new Function(`"use strict";${source}; return ${name};`)();
        answer = {found: calls.map((args) => f(...args))};
    } catch (error) {
        answer = {error: String(error)};
    }
    console.log(JSON.stringify(answer, told));
});
"""


class Node:
    """A process of Node's that runs functions."""

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

    def __call__(self, source, name, calls):
        """What a function that a text defines gives for each of these lists of arguments."""
        question = {"source": source, "name": name, "calls": _told(calls)}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            pytest.fail(f"{answer['error']}\n{source}")
        return _read(answer["found"])


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
    """What runs JavaScript here; the test is skipped where there is nothing."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("There is no Node to run JavaScript by.")
    return Node(program)
