"""Runs tests in forks of one process that has the libraries imported, but not the packages.

So each run imports the packages anew, with the fault that was planted, at the cost of a few
hundredths of a second. First each test is run, to see which lines it reaches and how long it
takes; a mutant is then tried by the tests that reach its lines, the quickest first.
"""

from __future__ import annotations

import compileall
import gc
import itertools
import os
import pickle
import py_compile
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies
import mpmath
import numpy
import pytest
from coverage.numbits import num_in_numbits, nums_to_numbits

from .mutations import Mutant

LIBRARIES = (hypothesis, mpmath, numpy)  # imported here, so that no fork has to
PACKAGES = ("autodiff", "nn", "optim", "viz")
# Where tests tell less of a fault in a derivative than they take: each fork would open a browser.
ELSEWHERE = {"viz", "tests/docs", "tests/house", "tests/mutants", "tests/support", "tests/viz"}
QUICK = 40  # so many tests are tried before the others are collected
MEMORY = 8 << 30  # bytes: what a fault may ask for
CASES = 8  # so many cases of one test are watched together: what one has found, others keep
FAST = 25.0  # seconds: the quickest tests that take so long together are the fast part


@dataclass
class Test:
    """How one test went: its seconds, and the lines that it reached of each file."""

    node: str
    seconds: float
    passed: bool
    lines: dict[str, bytes]  # as bits
    before: dict[str, bytes]  # those reached before any test ran: what is kept then is not again

    @property
    def file(self) -> str:
        return self.node.partition("::")[0]

    def reaches(self, mutant: Mutant) -> bool:
        """Whether it runs one of the lines that the fault is in."""
        return _reached(self.lines, mutant)

    def depends_on(self, mutant: Mutant) -> bool:
        """Whether that may have been run for it beforehand."""
        return _reached(self.before, mutant)


def _reached(lines: dict[str, bytes], mutant: Mutant) -> bool:
    bits = lines.get(mutant.path, b"")
    return any(num_in_numbits(line, bits) for line in mutant.lines)


class Tree:
    """A temporary copy of the project, in which faults are planted."""

    def __init__(self, root: Path) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mutants-")).resolve()
        ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*mutants*")
        shutil.copytree(root, self.path, ignore=ignored, dirs_exist_ok=True)
        # Compiled files are known by what their source says, not by its date: a planted fault
        # may come and go within a second.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        for name in PACKAGES:
            compileall.compile_dir(self.path / name, quiet=1, force=True, invalidation_mode=mode)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def plant(self, mutant: Mutant) -> Callable[[], None]:
        """Write the mutant; the answer takes it back."""
        file = self.path / mutant.path
        before = file.read_text()
        file.write_text(mutant.source)
        return lambda: file.write_text(before) and None


def in_a_fork(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns in a child process; None if that dies, or takes longer."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()  # so that its own children are stopped with it
        os.close(read)
        try:
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(write)
    parts, deadline = [], time.monotonic() + seconds
    while select.select([read], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(read, 1 << 16)
        if not part:
            break
        parts.append(part)
    else:
        parts = []
    os.close(read)
    _kill(child)
    os.waitpid(child, 0)
    return pickle.loads(b"".join(parts)) if parts else None


def _kill(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)


def _pytest(tree: Tree, plugin: Any, files: Iterable[str] = ()) -> int:
    """Pytest in this process, in the tree, without output."""
    os.chdir(tree.path)
    os.environ["PYTHONPATH"] = str(tree.path)  # for the processes that tests start
    # Pytest would warn that it cannot rewrite the plugins of libraries imported before it.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path[:0] = [str(tree.path)]
    sys.modules["jax"] = None  # its threads would be lost in each fork: its tests are skipped
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    return pytest.main(["-x", "-p", "no:cacheprovider", *files], plugins=[plugin])


# -- which test reaches which lines --------------------------------------------------------


def _function_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


class _Watcher:
    """A plugin that watches the tests of its share, each function of tests in forks of its own.

    A few cases of one function share a fork, which takes longer than most, and the lines that they
    reach: each at least its own, since what is kept by one is not run again for the next.
    """

    def __init__(self, tree: Tree, share: int, shares: int) -> None:
        self.tree, self.share, self.shares = tree, share, shares
        self.tests: list[Test] = []
        source = [str(tree.path / name) for name in PACKAGES]
        self.coverage = coverage.Coverage(data_file=None, source=source, config_file=False)
        self.coverage.set_option("run:disable_warnings", ["no-data-collected"])
        self.coverage.start()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.coverage.stop()
        self.before = self._lines()
        items[:] = items[self.share :: self.shares]
        gc.freeze()  # else each fork's garbage collector copies all that there is

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for _, cases in itertools.groupby(session.items, _function_of):
            while few := list(itertools.islice(cases, CASES)):
                tests = in_a_fork(lambda few=few: self._watch(few), seconds=120 * len(few))
                self.tests += tests or [Test(item.nodeid, 120, False, {}, {}) for item in few]
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed &= not report.failed

    def _watch(self, items: Sequence[pytest.Item]) -> list[Test]:
        self.coverage.erase()
        self.coverage.start()
        tests = []
        for item in items:
            self.passed, start = True, time.perf_counter()
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            tests.append(Test(item.nodeid, time.perf_counter() - start, self.passed, {}, {}))
        self.coverage.stop()
        lines = self._lines()
        for test in tests:
            test.lines = lines
        return tests

    def _lines(self) -> dict[str, bytes]:
        data, lines = self.coverage.get_data(), {}
        for file in data.measured_files():
            if Path(file).is_relative_to(self.tree.path):
                name = str(Path(file).relative_to(self.tree.path))
                lines[name] = nums_to_numbits(data.lines(file))
        return lines


def watch_tests(tree: Tree, share: int, shares: int) -> list[Test]:
    """Every `shares`-th test, each with the lines that it and a few like it reach.

    Those of what is made of derivatives, pictures and pages, are left out.
    """

    def work() -> list[Test]:
        plugin = _Watcher(tree, share, shares)
        folders = [
            f"tests/{path.name}" for path in (tree.path / "tests").iterdir() if path.is_dir()
        ]
        _pytest(tree, plugin, sorted({*folders, *PACKAGES} - ELSEWHERE))
        for test in plugin.tests:
            test.before = plugin.before
        return plugin.tests

    return in_a_fork(work, seconds=3600) or []


# -- whether a mutant is found -------------------------------------------------------------


class _Chosen:
    """A plugin that runs just these tests in this order, and keeps the name of one that fails."""

    def __init__(self, nodes: list[str]) -> None:
        self.order = {node: i for i, node in enumerate(nodes)}
        self.failed: str | None = None

    def pytest_collection(self) -> None:
        # A failure is enough: it need not be made small. The tests see this as they are defined.
        usual = hypothesis.settings.get_profile("default")
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("mutants", usual, phases=phases)
        hypothesis.settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(wanted, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = self.failed or f"{report.nodeid} (collecting)"


TIMEOUT = "the end of the time, or of the process"


class Hunter:
    """What finds mutants in a tree of its own; it learns which files of tests find the most."""

    def __init__(self, tree: Tree, tests: list[Test]) -> None:
        self.tree, self.tests = tree, tests  # the quickest first
        self.found: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()

    def killer(self, mutant: Mutant) -> str | None:
        """What finds the mutant: a test's name, or that it never ends; None if it survives.

        Of the tests that reach its lines, a few of one file are run first, since to collect a
        file takes longer than to run them, then the quickest, then the rest.
        """
        tests = _fast(self._chosen(mutant))
        take_back = self.tree.plant(mutant)
        try:
            for chosen in self._stages(tests):
                found = in_a_fork(lambda chosen=chosen: _run(self.tree, chosen), _limit(chosen))
                if found is None:
                    return TIMEOUT
                if found:
                    self.found[found.partition("::")[0]] += 1
                    return found
            return None
        finally:
            take_back()

    def _chosen(self, mutant: Mutant) -> list[Test]:
        """The tests that can find a mutant, the likeliest first."""
        reaching = [test for test in self.tests if test.reaches(mutant)]
        others = [t for t in self.tests if t.depends_on(mutant) and not t.reaches(mutant)]
        word = mutant.function.rpartition(".")[2].strip("_")
        return reaching + sorted(others, key=lambda test: word not in test.node)

    def _stages(self, tests: list[Test]) -> Iterator[list[Test]]:
        if not tests:
            return
        best = max(
            dict.fromkeys(test.file for test in tests),
            key=lambda file: (self.found[file] + 1) / (self.tried[file] + 1),
        )
        self.tried[best] += 1
        first = [test for test in tests if test.file == best][: QUICK // 2]
        rest = [test for test in tests if test not in first]
        yield first
        if rest[:QUICK]:
            yield rest[:QUICK]
        if rest[QUICK:]:
            yield rest[QUICK:]


def _fast(tests: list[Test]) -> list[Test]:
    ends = itertools.accumulate(test.seconds for test in tests)
    return [test for test, end in zip(tests, ends, strict=True) if end < FAST or test is tests[0]]


def _limit(tests: list[Test]) -> float:
    return 20 + 4 * sum(test.seconds for test in tests)


def _run(tree: Tree, tests: list[Test]) -> str:
    """The name of the test that fails, or nothing."""
    sys.dont_write_bytecode = True  # a planted fault is not to stay in a compiled file
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nodes = [test.node for test in tests]
    plugin = _Chosen(nodes)
    code = _pytest(tree, plugin, dict.fromkeys(test.file for test in tests))
    if plugin.failed:
        return plugin.failed
    return "" if code == pytest.ExitCode.OK else f"pytest ends with {code!r}"
