"""A program has a file name that tracebacks find."""

import linecache

import numpy as np

from autodiff import compile, derive


def test_tracebacks_find_the_lines_of_each_program():
    def f(x):
        return np.sum(x * x)

    programs = [derive(f, np.ones(2)), derive(f, np.ones((2, 2)))]
    compiled = compile(f)
    compiled(np.ones(2))
    for program in programs:
        filename = program._run.__code__.co_filename
        assert "".join(linecache.getlines(filename)) == program.source
