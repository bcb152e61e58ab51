"""Module: something with parameters, which it finds by itself."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import describe, replacing


class Module:
    """A part of a model. A subclass makes its parameters in `__init__` and computes in `forward`.

    Every Value or Tensor that is an attribute, or in a list, tuple or dict that is one, is a
    parameter; so are those of the modules inside. One that is shared is found once. An
    attribute that is a parameter cannot be overwritten by what holds none (TypeError), except
    None: nothing would train it any more.

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
        a_parameter = isinstance(old, Value) and old.op is None
        if a_parameter and value is not None and not any(_parameters(value, "", set())):
            raise TypeError(
                f"`{name}` is a parameter of this {type(self).__name__}, which it would lose: what "
                f"is assigned is {_described(value)}.\n"
                f"Change its numbers, as in `module.{name}.data = ...`, or assign a new Tensor."
            )
        if isinstance(value, _HOLDERS) and not (isinstance(value, Value) and value.op):
            Parameters.changes += 1
        object.__setattr__(self, name, value)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Pairs of a dotted name, such as `layers.0.weight`, and a parameter."""
        return _parameters(self, "", set())

    def parameters(self) -> Parameters:
        """The parameters, in the order in which they were made attributes."""
        return Parameters(self)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        for parameter in self.parameters():
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
        count = sum(np.size(p.data) for p in self.parameters())
        return f"{type(self).__name__}({self.describe()}) of {count:,} parameters"

    def describe(self) -> str:
        """What stands between the parentheses of `repr`."""
        return ""


# What an attribute may be that has parameters in it.
_HOLDERS = (Value, Module, dict, list, tuple)


class Parameters(list[Value]):
    """The parameters of a module, in a list that can tell which ones it was given since.

    An optimiser asks at each step, so that the answer must cost next to nothing where there is
    none: the attributes that were assigned are counted, and what is in a list or dict.
    """

    changes = 0  # how often an attribute of any module was assigned that may hold parameters

    def __init__(self, module: Module) -> None:
        self._module = module
        super().__init__([parameter for _, parameter in self._found()])

    def _found(self) -> list[tuple[str, Value]]:
        """The module's parameters by now, and a note of what it is like."""
        self._containers: list[Sized] = []
        pairs = list(_parameters(self._module, "", set(), self._containers))
        self._changes, self._size = Parameters.changes, sum(map(len, self._containers))
        return pairs

    def added(self, known: Iterable[Value], closely: bool = False) -> list[str]:
        """The names of the module's parameters that are not among the known ones.

        One that was put in the place of another in a list is found by looking closely alone.
        """
        same = self._changes == Parameters.changes and self._size == sum(map(len, self._containers))
        if same and not closely:
            return []
        known = set(known)
        names = [name for name, parameter in self._found() if parameter not in known]
        if names:
            self._changes = -1  # to be told again
        return names


def _described(value: Any) -> str:
    """`describe`, which does not say of a node that it is a result."""
    return f"the result of `{value.op}`" if isinstance(value, Value) else describe(value)


def _parameters(
    thing: Any, name: str, seen: set[int], containers: list[Sized] | None = None
) -> Iterator[tuple[str, Value]]:
    """The parameters in a thing, by name; lists and dicts on the way are put in `containers`."""
    if id(thing) in seen:
        return
    if isinstance(thing, Value):
        if thing.op is None:
            seen.add(id(thing))
            yield name, thing
        return
    container: Any = vars(thing) if isinstance(thing, Module) else thing
    if not isinstance(container, (dict, list, tuple)):
        return
    seen.add(id(thing))
    if containers is not None and isinstance(thing, (dict, list)):
        containers.append(thing)
    parts: Any = container.items() if isinstance(container, dict) else enumerate(container)
    for key, part in parts:
        yield from _parameters(part, f"{name}.{key}" if name else str(key), seen, containers)


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
