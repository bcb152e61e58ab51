"""What a frame on the stack is doing, on whatever Python runs the tests."""

import array
import math
import struct
import sys

import pytest

from autodiff.support.frames import stores_item


class Asked:
    """Notes, each time that its number is asked for, whether that is to store it as an item."""

    def __init__(self):
        self.stored = []

    def __float__(self):
        self.stored.append(stores_item(sys._getframe(1)))
        return 0.5


class Own:
    """A container that is written in Python, and asks by a call of its own."""

    def __setitem__(self, key, value):
        self.last = float(value)


def item(x, into):
    into[0] = x


def item_of_many(x, into):
    one, into[1] = into[0], x
    for into[0] in [x]:
        pass
    return one


def slice_of_numpy(x, into):
    memoryview(into)[0] = x if isinstance(x, float) else float(x)


STORES = {
    "an item": item,
    "items": item_of_many,
    "an item, far down": lambda x, into: [item(x, into) for _ in range(1)],
}
CALLS = {
    "float": lambda x, into: float(x),
    "math": lambda x, into: math.sin(x),
    "a format": lambda x, into: "%.1f" % x,  # noqa: UP031
    "struct": lambda x, into: struct.pack("d", x),
    "map": lambda x, into: list(map(float, [x])),
    "an array that is made": lambda x, into: array.array("d", [x]),
    "append": lambda x, into: into.append(x),
    "of a number": slice_of_numpy,
    "in Python": lambda x, into: item(x, Own()),
    "a key": lambda x, into: item(0, {float(x): 0}),
}


def answers(use):
    asked = Asked()
    use(asked, array.array("d", [0.0, 0.0]))
    return set(asked.stored)


@pytest.mark.parametrize("watched", [False, True])
def test_storing_an_item_is_told_from_a_call(watched):
    before = sys.gettrace()
    try:
        if watched:
            sys.settrace(lambda *_: None)
        for _ in range(50):  # Python rewrites instructions that run often
            for stored, uses in ((True, STORES), (False, CALLS)):
                for name, use in uses.items():
                    assert answers(use) == {stored}, name
    finally:
        sys.settrace(before)


def test_a_long_function_stores_items_too():
    lines = "\n".join(f"    a[{i % 2}] = b[{i}] = x" for i in range(300))
    known = {}
    exec(f"def use(x, a):\n    b = [0] * 300\n{lines}\n", known)
    assert answers(known["use"]) == {True}
