"""Memory that a step gives back is there for the next one."""

import platform
import subprocess
import sys
import textwrap

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_the_memory_of_a_step_is_there_for_the_next():
    script = textwrap.dedent("""\
        import resource
        import numpy as np
        import autodiff as ad

        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        w, x = np.eye(400), np.ones((200, 400))
        slope = ad.grad(lambda w: np.tanh(np.tanh(x @ w) @ w).sum())
        for _ in range(3):
            slope(w)
        before = faults()
        for _ in range(10):
            slope(w)
        print((faults() - before) / 10)
    """)
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, check=True, timeout=60, capture_output=True, text=True)
    assert float(done.stdout) < 100  # pages of 4 kB; a step asks for 1,900
