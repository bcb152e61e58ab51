"""Source made into code, under a file name that tracebacks find its lines by."""

from __future__ import annotations

import itertools
import linecache
import weakref
from types import CodeType
from typing import Any

_COUNT = itertools.count(1)


def compiled_source(name: str, source: str, tree: Any = None) -> CodeType:
    """The code of a program, under a file name of its own, by which tracebacks find its lines.

    Where `tree` is given, it is what is compiled, and its lines are those of `source`. They are
    there for as long as the last function that the code defines.
    """
    filename = f"<nabigrad {name} {next(_COUNT)}>"
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    code: CodeType = compile(source if tree is None else tree, filename, "exec")
    *_, function = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    weakref.finalize(function, linecache.cache.pop, filename, None).atexit = False
    return code
