"""What is in a module: the walk that finds its parameters, its buffers and the modules inside."""

from __future__ import annotations

import functools
import operator
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any

import numpy as np

from autodiff import Value
from autodiff.extend import is_users_own, operands_of, owners_of

Keys = tuple[Any, ...]  # the way to a part of a module: an attribute, then places and keys


class HasParts:
    """What the walk looks into by its attributes: every Module."""

    buffers_at: tuple[Keys, ...] = ()  # as `register_buffer` notes
    frozen_at: Mapping[Keys, str | None] = types.MappingProxyType({})  # and what they were called


class Visit:
    """What a walk has come by: things by identity, what may grow, what it did not look into."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.sized: list[Sized] = []
        self.others: list[tuple[str, Any]] = []
        self.results: list[tuple[str, Value]] = []


# What holds no parameter, or is not looked into for any.
_PLAIN = (
    str, bytes, int, float, complex, type(None), np.generic, np.ufunc, type,
    types.BuiltinFunctionType, types.ModuleType, np.random.Generator,
)  # fmt: skip
# What gives its items once, and cannot be looked into before that.
_PASSING = (types.GeneratorType, map, filter, zip)


def may_hold(thing: Any) -> bool:
    """Whether a thing may be or hold a parameter or a module."""
    if isinstance(thing, Value):
        return is_users_own(thing)
    if isinstance(thing, np.ndarray):
        return bool(thing.dtype.hasobject)
    if isinstance(thing, types.FunctionType):
        return bool(thing.__closure__ or thing.__defaults__ or thing.__kwdefaults__)
    return not isinstance(thing, _PLAIN)


def joined(name: str, key: Any) -> str:
    """The name of a part by that of the whole, which is empty for the module that is asked."""
    return f"{name}.{key}" if name else str(key)


def walk(thing: Any, name: str = "", visit: Visit | None = None) -> Iterator[tuple[str, Any]]:
    """The parameters and the modules in a thing (itself as well), by name, each once."""
    visit = visit or Visit()
    for path, part in shallow(thing, name, visit):
        yield path, part
        if isinstance(part, HasParts):
            for key, attribute in vars(part).items():
                yield from walk(attribute, joined(path, key), visit)


def shallow(thing: Any, name: str, visit: Visit) -> Iterator[tuple[str, Any]]:
    """The same without what is in those modules."""
    if not may_hold(thing) or id(thing) in visit.seen:
        if isinstance(thing, Value) and thing.op is not None:
            visit.results.append((name, thing))
        return
    visit.seen.add(id(thing))
    if isinstance(thing, (Value, HasParts)):
        yield name, thing
        return
    if isinstance(thing, (dict, list, deque, set)):
        visit.sized.append(thing)
    if isinstance(thing, dict):
        parts: Iterable[tuple[Any, Any]] = thing.items()
    elif isinstance(thing, (list, tuple, deque)):
        parts = enumerate(thing)
    else:
        visit.others.append((name, thing))
        return
    for key, part in parts:
        yield from shallow(part, joined(name, key), visit)


def places(thing: Any, name: str = "", around: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The parameters, buffers and modules in a thing, by the name of every place of each."""
    if isinstance(thing, Value):
        if is_users_own(thing):
            yield name, thing
        return
    if not isinstance(thing, (HasParts, dict, list, tuple, deque)) or any(
        thing is other for other in around
    ):
        return
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(thing, HasParts):
        yield name, thing
        for keys in (*thing.buffers_at, *thing.frozen_at):
            yield joined(name, ".".join(map(str, keys))), part_at(thing, keys)
        parts = vars(thing).items()
    else:
        parts = thing.items() if isinstance(thing, dict) else enumerate(thing)
    for key, part in parts:
        yield from places(part, joined(name, key), (*around, thing))


def parameters_in(thing: Any, visit: Visit | None = None) -> Iterator[tuple[str, Value]]:
    """The parameters in a thing, by name, each once."""
    return ((name, part) for name, part in walk(thing, "", visit) if isinstance(part, Value))


def buffers_in(module: HasParts) -> Iterator[tuple[str, Any]]:
    """The buffers of a module and those in it, and the frozen parameters, by name, each once.

    One that stands in several places has the name of the first, as parameters have.
    """
    names = {id(part): path for path, part in walk(module) if isinstance(part, HasParts)}
    found: dict[int, tuple[str, Any]] = {}

    def note(part: Any, owner: HasParts, keys: Keys) -> Any:
        if _is_state(part) and (keys in owner.buffers_at or keys in owner.frozen_at):
            name = joined(names[id(owner)], ".".join(map(str, keys)))
            found.setdefault(id(part), (name, part))
        return part

    replace(module, note)
    return iter(found.values())


def frozen_in(module: HasParts) -> list[Any]:
    """The frozen parameters in a module, each once."""
    modules = (part for _, part in walk(module) if isinstance(part, HasParts))
    frozen = [part_at(m, keys) for m in modules for keys in m.frozen_at]
    return list({id(array): array for array in frozen if _is_state(array)}.values())


def part_at(module: HasParts, keys: Keys) -> Any:
    """The part that stands there; None where there is none any more."""
    try:
        part: Any = getattr(module, keys[0], None)
        for key in keys[1:]:
            part = part[key]
        return part
    except (LookupError, TypeError):
        return None


def _is_state(thing: Any) -> bool:
    """Whether it is what a buffer may be: an array, a generator, a Value that was frozen."""
    return isinstance(thing, (np.ndarray, np.float64, np.random.Generator))


Change = Callable[[Any, HasParts, Keys], Any]


def replace(module: HasParts, change: Change) -> None:
    """Put `change(part, its module, keys)` in the place of each part that is no container."""
    _replaced(module, change, module, (), set())


def _replaced(thing: Any, change: Change, module: HasParts, keys: Keys, seen: set[int]) -> Any:
    container: Any
    if isinstance(thing, HasParts):
        module, keys, container = thing, (), vars(thing)
    elif isinstance(thing, (dict, list, deque)):
        container = thing
    elif isinstance(thing, tuple):
        parts = [_replaced(p, change, module, (*keys, i), seen) for i, p in enumerate(thing)]
        if all(map(operator.is_, parts, thing)):
            return thing
        return type(thing)(*parts) if hasattr(thing, "_fields") else tuple(parts)
    else:
        return change(thing, module, keys)
    if id(thing) not in seen:
        seen.add(id(thing))
        pairs = container.items() if isinstance(container, dict) else enumerate(container)
        for key, part in list(pairs):
            container[key] = _replaced(part, change, module, (*keys, key), seen)
    return thing


def all_in(module: HasParts, visit: Visit) -> list[tuple[str, Any]]:
    """The parameters and modules in a module. Raises TypeError where there are others.

    Those are parameters that the walk misses, and modules whose buffers it misses; and results
    which were meant to be parameters.
    """
    pairs = list(walk(module, "", visit))
    for name, result in visit.results:
        _check_result(module, name, result, visit)
    for name, other in visit.others.copy():
        if isinstance(other, _PASSING):
            _refuse_passing(module, name, other)
        for _, part in walk(_contents(other), name, visit):
            if isinstance(part, Value) or part.buffers_at:
                _refuse_hidden(module, name, other, part)
    return pairs


def check_class(cls: type) -> None:
    """TypeError for a class that has a parameter or a module as an attribute of its own."""
    for name, thing in vars(cls).items():
        visit = Visit()
        for _, part in [*walk(thing, name, visit), *visit.results]:
            raise TypeError(
                f"Parameters are attributes of a module, but `{name}` of the class {cls.__name__} "
                f"is one of all its modules, and holds {_called(part)}, so that no optimiser would "
                "move it.\nAssign it in `__init__`, as in `self.w = Tensor(...)`; a constant is a "
                "plain array."
            )


def _check_result(module: HasParts, name: str, result: Value, visit: Visit) -> None:
    """TypeError for a result in a module that no parameter of any module went into."""
    todo, looked_at, leaf = [result], {id(result)}, False
    while todo:
        for operand in operands_of(todo.pop()):
            if isinstance(operand, Value) and id(operand) not in looked_at:
                looked_at.add(id(operand))
                todo.append(operand)
                if is_users_own(operand):
                    leaf = True
                    if id(operand) in visit.seen or owners_of(operand):
                        return
    if leaf:
        raise TypeError(
            f"A parameter is a leaf, but `{name}` of this {type(module).__name__} is the result of "
            f"`{result.op}`, so that no optimiser would move it.\n"
            "Compute its numbers first, as in `Tensor(0.01 * numbers)`; for a constant hold its "
            "`.data`."
        )


def _refuse_passing(module: HasParts, name: str, other: Any) -> None:
    raise TypeError(
        f"Parameters are found in what can be looked at more than once, but `{name}` of this "
        f"{type(module).__name__} is a {type(other).__name__}, which gives its items a single "
        "time.\nMake it a list."
    )


def _called(part: Any) -> str:
    return part.label() if isinstance(part, Value) else f"a {type(part).__name__}"


def _refuse_hidden(module: HasParts, name: str, other: Any, part: Any) -> None:
    fix = "Put it in a list" if isinstance(other, Iterable) else "Make that class a Module"
    if isinstance(other, (types.FunctionType, functools.partial)):
        fix = "Make what it holds an attribute as well, or write a Module in its place"
    kind, what, instead = "Parameters", "", ""
    if isinstance(part, Value):
        what, instead = part.label(), ", or make it no parameter by holding its `.data`"
    else:
        kind, what = "Buffers", f"a {type(part).__name__}, which has some"
    raise TypeError(
        f"{kind} are found in a module's attributes, and in the lists, tuples, deques "
        f"and dicts there,\nbut `{name}` of this {type(module).__name__} is a "
        f"{type(other).__name__}, and holds {what}.\n{fix}{instead}."
    )


def _contents(thing: Any) -> list[Any]:
    """What is in a thing of a kind in which no parameters are found."""
    if isinstance(thing, Mapping):
        return list(thing.values())
    if isinstance(thing, (set, frozenset, np.ndarray)):
        return list(thing.flat if isinstance(thing, np.ndarray) else thing)
    if isinstance(thing, types.MethodType):
        return [thing.__self__]
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, types.FunctionType):
        cells = [getattr(cell, "cell_contents", None) for cell in thing.__closure__ or ()]
        return [*cells, *(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, n, None) for n in slots)]
