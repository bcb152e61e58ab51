"""The programs of a compiled function, found by the kind of its arguments: so many and no more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any

from ..graph.messages import describe
from ..support.settings import is_count
from .kinds import exactly

_ALIKE = 8  # programs of one key: for default values


class Cache:
    """Programs by a key of their arguments; those for which there were no calls longest are let go.

    The key is of structure, shapes, dtypes and the values at the places `static`. Arguments with
    one key may still need different programs: `fits` says of each whether it is the one. `used`
    is the program of the last call, `made` the one that was compiled last.
    """

    def __init__(self, size: int, static: Sequence[int]) -> None:
        if not is_count(size):
            raise ValueError(
                "`cache_size` is how many kinds of arguments have their programs kept, a whole "
                f"number from 1 up, but this is {describe(size)}."
            )
        self._size, self._static = size, static
        self._programs: OrderedDict[Hashable, list[Any]] = OrderedDict()
        self.used: Any = None
        self.made: Any = None

    def __len__(self) -> int:
        return sum(map(len, [*self._programs.values()]))

    def find(self, args: tuple[Any, ...]) -> Any:
        """The program for these arguments, or None."""
        key = self._key(args)
        for program in self._programs.get(key, ()):
            if program.fits(args):
                with suppress(KeyError):  # another thread has let it go
                    self._programs.move_to_end(key)
                self.used = program
                return program
        return None

    def add(self, args: tuple[Any, ...], program: Any) -> None:
        """Keep a program for these arguments."""
        key = self._key(args)
        self._programs[key] = [program, *self._programs.get(key, ())][:_ALIKE]
        self._programs.move_to_end(key)
        self.used = self.made = program
        while len(self._programs) > self._size:
            self._programs.popitem(last=False)

    def clear(self) -> None:
        """Let all of them go."""
        self._programs.clear()
        self.used = self.made = None

    def _key(self, args: tuple[Any, ...]) -> Hashable:
        parts = list(map(_kind, args))
        for place in self._static:
            parts[place] = exactly(args[place])
        key = tuple(parts)
        try:
            hash(key)
        except TypeError:  # of a static value, which is refused where a program is made for it
            return None
        return key


def _kind(tree: Any) -> Any:
    """What is the same of all arguments that one program may be for."""
    if isinstance(tree, (list, tuple)):
        return type(tree), *map(_kind, tree)
    if isinstance(tree, dict):
        return type(tree), *tree, *map(_kind, tree.values())
    shape = getattr(tree, "shape", None)
    return type(tree) if shape is None else (shape, getattr(tree, "dtype", None))
