"""The order of a program's calls: what is used is used while it is still in the cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .lowering import Call, Variable


def results_early(calls: Sequence[Call]) -> list[Call]:
    """The calls, with what only results need as early as its operands are there.

    A training step is written as all gradients, then all updates; each gradient would be read
    again from memory. What a call reads is to be read by no later one but such as this: then a
    donated array can be written into.
    """
    free = _for_results_alone(calls)
    place: dict[Call, int] = {}
    made: dict[Variable, int] = {}
    last_read: dict[Variable, int] = {}
    for i, call in enumerate(calls):
        if call not in free:
            last_read.update(dict.fromkeys([v.root for v in call.reads()], i))
    for i, call in enumerate(calls):
        ready = [made[v] for v in call.reads() if v in made]
        place[call] = i
        if call in free and ready:
            after = max(*ready, *[last_read.get(v.root, 0) for v in call.reads()])
            while after < i and calls[after + 1].kind == "ufunc":  # these may be run together
                after += 1
            place[call] = min(after, i)
        made.update(dict.fromkeys([call.target, call.second or call.target], place[call]))
    return sorted(calls, key=place.__getitem__)


def _for_results_alone(calls: Sequence[Call]) -> set[Call]:
    """The elementwise calls whose results only such calls read, and the caller."""
    readers: dict[Variable, list[Call]] = defaultdict(list)
    found: set[Call] = set()
    for call in calls:
        for v in call.reads():
            readers[v].append(call)
    for call in reversed(calls):
        if call.kind == "ufunc" and all(reader in found for reader in readers[call.target]):
            found.add(call)
    return found
