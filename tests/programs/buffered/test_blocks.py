"""Chains over large arrays, run block by block."""

import os
import subprocess
import sys

import numpy as np
import pytest
from agreement import close

import autodiff as ad
from autodiff import compile


@pytest.mark.parametrize("size", [30, 200])
def test_what_a_chain_reads_is_whole_after_it(size):
    def f(x, a):
        y = a @ x
        turned = y.T
        z = ad.tanh(y) * ad.exp(y) * y + y * y
        return ad.sum(z @ a), y @ a, turned @ a, z * 2.0

    rng = np.random.default_rng(0)
    x, a = rng.normal(size=(size, size)) / size, rng.normal(size=(size, size))
    for found, expected in zip(compile(f)(x, a), f(x, a), strict=True):
        close(found, expected)


@pytest.mark.parametrize("donate", [(), "x"])
@pytest.mark.parametrize("size", [30, 200])
def test_two_results_of_one_chain(size, donate):
    def f(x, a):
        y = a @ x
        first = ad.tanh(y) * 2.0
        second = ad.exp(y) * first
        third = ad.tanh(x) + x
        return first @ a, second @ a, third, third * ad.exp(x)

    rng = np.random.default_rng(0)
    x, a = rng.normal(size=(size, size)) / size, rng.normal(size=(size, size))
    expected = f(x, a)
    for found, right in zip(compile(f, donate=donate)(x.copy(), a), expected, strict=True):
        close(found, right)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own():
    script = (
        "import os, numpy as np, autodiff as ad\n"
        "f, x = ad.compile(ad.grad(lambda x: np.sum(np.tanh(x) * x))), np.ones(200_000)\n"
        "expected = f(x)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(not np.array_equal(f(x), expected))\n"
        "os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)
