"""Where each result of a program is put: in a buffer that is free, in a spare array, or anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .lowering import Call, Variable


class Buffers:
    """Gives each call of a program its `out`, and counts the buffers that are needed.

    A variable's memory is free again after its last use, its views' uses counted. A result of
    the caller's is new memory at each call, or a spare array of a donated argument's: see Spare.
    """

    def __init__(
        self, calls: Sequence[Call], outputs: Sequence[Any], donated: Iterable[Variable] = ()
    ) -> None:
        self.made: dict[str, Variable] = {}
        self.spares: dict[str, Variable] = {}  # spare arrays by name, and the argument of each
        self._free: list[Variable] = []
        self._place: dict[Variable, Variable] = {}
        self._donated = list(donated)
        self._results = {o.root for o in outputs if isinstance(o, Variable)}
        self._last = {v.root: i for i, call in enumerate(calls) for v in call.reads()}
        # A result is read last of all: a donated argument that is one is not written over.
        self._last.update(dict.fromkeys(self._results, len(calls)))
        for i, call in enumerate(calls):
            if call.kind == "blocks":
                for result in call.results:
                    self._out_of(i, call, result)
            elif call.kind in ("ufunc", "dot") and call.target.shape is not None:
                call.out = self._out_of(i, call, call.target)
            for variable in dict.fromkeys(v.root for v in call.reads()):
                if self._last.get(variable) == i:
                    self._release(variable)

    def place(self, variable: Variable) -> Variable:
        """The buffer that a variable stands in; itself for memory of its own."""
        return self._place.get(variable, variable)

    def _out_of(self, i: int, call: Call, target: Variable) -> Variable | None:
        if target in self._results:
            return self._spare(target)
        # In blocks, an operand may be read again after the result's own call.
        own = [c.target for c in call.inside].index(target) if call.inside else 0
        again = {v for c in call.inside[own + 1 :] for v in c.reads()}
        dying = [v for v in call.reads() if self._last[v.root] == i and v not in again]
        if call.kind != "dot":  # may write over an operand, entry by entry
            for v in dying:
                if v.root is v and v.ours and v not in self._results and v.like(target):
                    self._place[target] = self.place(v)
                    self._last[v] = -1  # handed on, not freed
                    call.spared.append(v)  # for this result alone
                    return self.place(v)
        for buffer in self._free:
            if buffer.like(target):
                self._free.remove(buffer)
                self._place[target] = buffer
                return buffer
        buffer = Variable(f"buffer{len(self.made) + 1}", target.shape, target.dtype)
        buffer.order = target.order
        self.made[buffer.name] = buffer
        self._place[target] = buffer
        return buffer

    def _spare(self, target: Variable) -> Variable | None:
        """A spare array for a result, if there is a donated argument like it."""
        for v in self._donated:
            if v.like(target):
                self._donated.remove(v)
                spare = Variable(f"spare_{v.name}", target.shape, target.dtype)
                self._place[target] = spare
                self.spares[spare.name] = v
                return spare
        return None

    def _release(self, variable: Variable) -> None:
        buffer = self._place.get(variable)
        if buffer is not None and buffer.name in self.made and variable not in self._results:
            self._free.append(buffer)
