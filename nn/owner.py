"""What parameters know of the module that handed them out, and an optimiser asks at each step."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sized

from autodiff import Value
from autodiff.extend import owners_of, set_owners

from .parts import HasParts, Visit, all_in


class Owner:
    """What a parameter knows of a module that has handed it out: which, and with how many."""

    __slots__ = ("count", "module")

    def __init__(self, module: HasParts, count: int) -> None:
        self.module, self.count = weakref.ref(module), count

    def watch(self) -> Watch | None:
        """What tells of the parameters that are new, if there is still a module."""
        module = self.module()
        return None if module is None else Watch(module)


class Watch:
    """Tells an optimiser which parameters a module has that it was not given.

    It asks at each step, so that the answer must cost next to nothing where there is none: the
    attributes that were assigned are counted, and what is in a list, set or dict.
    """

    changes = 0  # how often an attribute of any module was assigned that may hold parameters

    def __init__(self, module: HasParts) -> None:
        self._module, self._size, self._changes = module, 0, -1  # it has not looked yet
        self._sized: list[Sized] = []

    def __call__(self, known: Iterable[Value], closely: bool = False) -> list[str]:
        """The names of the module's parameters that are not among the known ones.

        One that was put in the place of another in a list is found by looking closely alone.
        """
        same = self._changes == Watch.changes and self._size == sum(map(len, self._sized))
        if same and not closely:
            return []
        visit, known = Visit(), set(known)
        found = all_in(self._module, visit)
        names = [name for name, p in found if isinstance(p, Value) and p not in known]
        self._sized, self._size = visit.sized, sum(map(len, visit.sized))
        self._changes = -1 if names else Watch.changes  # to be told again
        return names


def handed_out(module: HasParts) -> list[tuple[str, Value]]:
    """The parameters of a module, which know from now on whose they are, and their names."""
    pairs = [(name, p) for name, p in all_in(module, Visit()) if isinstance(p, Value)]
    own = Owner(module, len(pairs))
    for name, parameter in pairs:
        others = [o for o in owners_of(parameter) if o.module() not in (None, module)]
        set_owners(parameter, (*others, own))
        parameter.name = _named(name, parameter.name)
    return pairs


def _named(path: str, name: str | None) -> str:
    """How a parameter is called: by its path, or its own name if that is another one."""
    if name is None:
        return path
    whole, _, place = path.rpartition(".")
    paths = [path, f"{whole}{place}"] if place.isdigit() else [path]
    return next((p for p in paths if f".{p}".endswith(f".{name}")), name)
