"""Module: something with parameters, which it finds by itself."""

from __future__ import annotations

import io
import os
import types
import weakref
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import describe, is_users_own, owners_of, replacing, set_owners


class Module:
    """A part of a model. A subclass makes its parameters in `__init__` and computes in `forward`.

    Every Value or Tensor that is an attribute, or in a list, tuple, deque or dict that is one, is
    a parameter; so are those of the modules inside. One that is shared is found once. An attribute
    that is a parameter cannot be overwritten by what holds none (TypeError), except None: nothing
    would train it any more. Nor is one found in a set or in an object of another class, and there
    `parameters()` says so (TypeError).

    >>> from autodiff import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.height = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.height
    >>> line = Line()
    >>> line(3.0).data, list(dict(line.named_parameters()))
    (7.0, ['slope', 'height'])
    """

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say in `forward` what it computes."
        )

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.forward(*args, **keywords)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        own = vars(cls)
        if "forward" in own and "__call__" not in own:  # one call less than by the above
            cls.__call__ = cls.forward  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        old = vars(self).get(name)
        a_parameter = isinstance(old, Value) and is_users_own(old)
        if a_parameter and value is not None and not any(_parameters(value)):
            raise TypeError(
                f"`{name}` is a parameter of this {type(self).__name__}, which it would lose: what "
                f"is assigned is {_described(value)}.\n"
                f"Change its numbers, as in `module.{name}.data = ...`, or assign a new Tensor."
            )
        if _may_hold(value):
            _Watch.changes += 1
        object.__setattr__(self, name, value)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Pairs of a dotted name, such as `layers.0.weight`, and a parameter."""
        return iter(_handed_out(self))

    def parameters(self) -> list[Value]:
        """The parameters, in the order in which they were made attributes."""
        return [parameter for _, parameter in _handed_out(self)]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        for _, parameter in _parameters(self):
            parameter.zero_grad()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to an `.npz` file, all at once or not at all.

        Raises OSError where the path cannot be written; then nothing is written or changed.
        """
        arrays = {key: np.asarray(p.data) for key, p in self._by_name().items()}
        with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
            for key, array in arrays.items():
                with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read parameters that `save` wrote, of the same names and shapes.

        Raises OSError where there is no such file to read, and ValueError for one that is not
        whole or does not fit; then nothing is changed. Nothing in a file is ever executed.
        """
        own, found = self._by_name(), _arrays_in(path)
        problems = [f"{key} is missing" for key in own if key not in found]
        problems += [f"{key} is not in this module" for key in found if key not in own]
        for key in own.keys() & found.keys():
            have, want = found[key], np.shape(own[key].data)
            if have.shape != want or have.dtype.kind != "f":
                problems.append(f"{key} has shape {have.shape} and dtype {have.dtype}, not {want}")
        if problems:
            raise ValueError(
                f"{os.fspath(path)} does not fit this {type(self).__name__}: "
                f"{'; '.join(sorted(problems))}.\nLoad it into a module made as the saved one was."
            )
        for key, parameter in own.items():
            parameter.data = found[key]

    def _by_name(self) -> dict[str, Value]:
        """The parameters by name; ValueError where two have one, as with the keys 1 and "1"."""
        pairs = list(self.named_parameters())
        named = dict(pairs)
        if len(named) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"Parameters are saved by name, but two of this {type(self).__name__} are called "
                f"{twice!r}.\nGive them different keys."
            )
        return named

    def __repr__(self) -> str:
        count = sum(np.size(p.data) for _, p in _parameters(self))
        return f"{type(self).__name__}({self.describe()}) of {count:,} parameters"

    def describe(self) -> str:
        """What stands between the parentheses of `repr`."""
        return ""


class _Visit:
    """What a walk has come by: things by identity, what may grow, what it did not look into."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.sized: list[Sized] = []
        self.others: list[tuple[str, Any]] = []


# What holds no parameter, or is not looked into for any.
_PLAIN = (
    str, bytes, int, float, complex, type(None), np.generic, np.ufunc, type, types.FunctionType,
    types.BuiltinFunctionType, types.ModuleType,
)  # fmt: skip


def _may_hold(thing: Any) -> bool:
    """Whether a thing may be or hold a parameter."""
    if isinstance(thing, Value):
        return is_users_own(thing)
    if isinstance(thing, np.ndarray):
        return bool(thing.dtype.hasobject)
    return not isinstance(thing, _PLAIN)


def _parameters(
    thing: Any, name: str = "", visit: _Visit | None = None
) -> Iterator[tuple[str, Value]]:
    """The parameters in a thing, by name, each once."""
    visit = visit or _Visit()
    if not _may_hold(thing) or id(thing) in visit.seen:
        return
    visit.seen.add(id(thing))
    if isinstance(thing, Value):
        yield name, thing
        return
    container: Any = vars(thing) if isinstance(thing, Module) else thing
    if isinstance(thing, (dict, list, deque, set)):
        visit.sized.append(thing)
    if isinstance(container, dict):
        parts: Iterable[tuple[Any, Any]] = container.items()
    elif isinstance(container, (list, tuple, deque)):
        parts = enumerate(container)
    else:
        visit.others.append((name, thing))
        return
    for key, part in parts:
        yield from _parameters(part, f"{name}.{key}" if name else str(key), visit)


def _all_in(module: Module, visit: _Visit) -> list[tuple[str, Value]]:
    """The parameters of a module. Raises TypeError where there are others, that it misses."""
    pairs = list(_parameters(module, "", visit))
    for name, other in visit.others.copy():
        hidden = next(_parameters(_contents(other), name, visit), None)
        if hidden is not None:
            fix = "Put it in a list" if isinstance(other, Iterable) else "Make that class a Module"
            raise TypeError(
                "Parameters are found in a module's attributes, and in the lists, tuples, deques "
                f"and dicts there,\nbut `{name}` of this {type(module).__name__} is a "
                f"{type(other).__name__}, and holds {hidden[1].label()}.\n"
                f"{fix}, or make it no parameter by holding its `.data`."
            )
    return pairs


def _contents(thing: Any) -> list[Any]:
    """What is in a thing of a kind in which no parameters are found."""
    if isinstance(thing, Mapping):
        return list(thing.values())
    if isinstance(thing, (set, frozenset, np.ndarray)):
        return list(thing.flat if isinstance(thing, np.ndarray) else thing)
    if isinstance(thing, types.MethodType):
        return [thing.__self__]
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, n, None) for n in slots)]


def _handed_out(module: Module) -> list[tuple[str, Value]]:
    """The parameters of a module, which know from now on whose they are."""
    pairs = _all_in(module, _Visit())
    own = _Owner(module, len(pairs))
    for _, parameter in pairs:
        others = [o for o in owners_of(parameter) if o.module() not in (None, module)]
        set_owners(parameter, (*others, own))
    return pairs


class _Owner:
    """What a parameter knows of a module that has handed it out: which, and with how many."""

    __slots__ = ("count", "module")

    def __init__(self, module: Module, count: int) -> None:
        self.module, self.count = weakref.ref(module), count

    def watch(self) -> _Watch | None:
        """What tells of the parameters that are new, if there is still a module."""
        module = self.module()
        return None if module is None else _Watch(module)


class _Watch:
    """Tells an optimiser which parameters a module has that it was not given.

    It asks at each step, so that the answer must cost next to nothing where there is none: the
    attributes that were assigned are counted, and what is in a list, set or dict.
    """

    changes = 0  # how often an attribute of any module was assigned that may hold parameters

    def __init__(self, module: Module) -> None:
        self._module, self._size, self._changes = module, 0, -1  # it has not looked yet
        self._sized: list[Sized] = []

    def __call__(self, known: Iterable[Value], closely: bool = False) -> list[str]:
        """The names of the module's parameters that are not among the known ones.

        One that was put in the place of another in a list is found by looking closely alone.
        """
        same = self._changes == _Watch.changes and self._size == sum(map(len, self._sized))
        if same and not closely:
            return []
        visit, known = _Visit(), set(known)
        names = [name for name, p in _all_in(self._module, visit) if p not in known]
        self._sized, self._size = visit.sized, sum(map(len, visit.sized))
        self._changes = -1 if names else _Watch.changes  # to be told again
        return names


def _described(value: Any) -> str:
    """`describe`, which does not say of a node that it is a result."""
    return f"the result of `{value.op}`" if isinstance(value, Value) else describe(value)


def _arrays_in(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The arrays of an `.npz` file, by name; ValueError for whatever is not a whole one."""
    content = io.BytesIO(Path(path).read_bytes())
    try:
        if not zipfile.is_zipfile(content):
            raise ValueError("it is no .npz archive")
        content.seek(0)
        with np.load(content, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
        if not all(isinstance(array, np.ndarray) for array in found.values()):
            raise ValueError("there is something else than arrays in it")
    except Exception as error:  # a damaged file makes zipfile and NumPy raise all sorts of things
        raise ValueError(
            f"{os.fspath(path)} is not a whole file of parameters: "
            f"{str(error).rstrip('.')}.\n"
            "Write it with `module.save(path)`."
        ) from error
    return found
