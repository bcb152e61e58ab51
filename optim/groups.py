"""The settings of an optimiser: what each may be, and groups of parameters that share them."""

from __future__ import annotations

import functools
import math
from collections import UserDict
from collections.abc import Callable, Iterable, Mapping
from types import MethodType
from typing import Any, NoReturn

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, describe, is_count, is_number


class Setting:
    """A setting of an optimiser's class: the rule that it keeps, and whether a value keeps it.

    `convert` makes of the value what is kept; where it is `float`, a plain number is asked for
    first. On an optimiser, the attribute is the setting of its groups, and assigning it sets it in
    each of them.

    >>> rate = Setting("A rate is above 0", lambda x: x > 0)
    >>> rate.check(1)
    1.0
    >>> rate.check(-1)
    Traceback (most recent call last):
    ValueError: A rate is above 0, but this is -1.
    """

    def __init__(
        self, rule: str, allowed: Callable[[Any], bool], convert: Callable[[Any], Any] = float
    ) -> None:
        self.rule, self.allowed, self.convert = rule, allowed, convert

    def check(self, value: Any) -> Any:
        """The value, converted; ValueError where it breaks the rule."""
        plain = self.convert is not float or is_number(value)
        if not plain or not self.allowed(value):
            raise ValueError(f"{self.rule}, but this is {value!r}.")
        return self.convert(value)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        first, *others = (group[self.name] for group in optimizer.param_groups)
        if any(other != first for other in others):
            raise ValueError(
                f"An optimiser has one {self.name} where its groups agree, but these have "
                f"{', '.join(map(repr, (first, *others)))}.\n"
                f'Read `optimizer.param_groups[0]["{self.name}"]`.'
            )
        return first

    def __set__(self, optimizer: Any, value: Any) -> None:
        value = self.check(value)  # once, before a group is changed
        for group in optimizer.param_groups:
            group[self.name] = value


def fraction(what: str) -> Setting:
    """A setting from 0 to below 1."""
    return Setting(f"{what} is from 0 to below 1", lambda x: 0 <= x < 1)


def positive(what: str) -> Setting:
    """A setting above 0."""
    return Setting(f"{what} is a finite number above 0", lambda x: 0 < x < math.inf)


def amount(what: str) -> Setting:
    """A setting from 0 up."""
    return Setting(f"{what} is a finite number from 0 up", lambda x: 0 <= x < math.inf)


def count(what: str) -> Setting:
    """A setting of whole numbers from 1 up."""
    return Setting(f"{what} is a whole number from 1 up", is_count, int)


def switch(name: str) -> Setting:
    """A setting that is on or off."""
    return Setting(f"`{name}` is True or False", lambda x: isinstance(x, bool), bool)


class Parameters(list[Value]):
    """A list of parameters, and `arranged`: each with its state and its settings, for the step.

    That is emptied, to be made again, whenever the list is changed: asking at each step whether it
    is still the same would take longer than a step of gradient descent.
    """

    arranged: list[tuple[Value, dict[str, Any], dict[str, Any]]]


def _noting(name: str) -> Callable[..., Any]:
    method = getattr(list, name)

    @functools.wraps(method)
    def change(self: Parameters, *args: Any, **keywords: Any) -> Any:
        self.arranged = []
        return method(self, *args, **keywords)

    return change


for _name in (
    "__init__", "__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "clear", "extend",
    "insert", "pop", "remove", "reverse", "sort",
):  # fmt: skip
    setattr(Parameters, _name, _noting(_name))


class ParamGroup(UserDict[str, Any]):
    """Parameters and the settings that they share, as one dict: `group["lr"] = 0.1`.

    A setting that the optimiser has not, or that breaks its rule, raises ValueError.

    >>> from optim import SGD
    >>> group = SGD([Value(1.0)], lr=0.5).param_groups[0]
    >>> group["momentum"] = 0.9
    >>> group["lr"], group["momentum"], len(group["params"])
    (0.5, 0.9, 1)
    """

    def __init__(self, optimizer: type[Any], content: Mapping[str, Any]) -> None:
        super().__init__()
        self._optimizer = optimizer
        self._numbers: dict[Any, dict[str, Any]] = {}
        self.initial_lr: float | None = None  # the rate before any schedule changed it
        if missing := [name for name in settings_of(optimizer) if name not in content]:
            raise TypeError(
                f"A setting of an optimiser has a value, but {', '.join(missing)} of "
                f"{optimizer.__name__} has none.\nPass it to `super().__init__`."
            )
        settings = {name: self._checked(name, v) for name, v in content.items() if name != "params"}
        optimizer.prepare(settings)  # which may refuse settings that do not go together
        self.data = {"params": Parameters(content.get("params", ())), **settings}

    def _checked(self, name: str, value: Any) -> Any:
        setting = getattr(self._optimizer, name, None)
        if not isinstance(setting, Setting):
            _refuse_unknown(self._optimizer, [name])
        return setting.check(value)

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params":
            self.data[name] = Parameters(value)
            return
        settings = {**self._settings(), name: self._checked(name, value)}
        cast = {dtype: self._cast(dtype, settings) for dtype in self._numbers or (float,)}
        self.data.update(settings)
        if name != "lr":  # an optimiser may remember more than it did
            self.data["params"].arranged = []
        for dtype, numbers in self._numbers.items():
            numbers.clear()
            numbers.update(cast[dtype])

    def __delitem__(self, name: str) -> None:
        raise TypeError(
            f"A parameter group keeps its settings, so that its {name} cannot be deleted.\n"
            "Assign another value."
        )

    def __ior__(self, other: Any) -> ParamGroup:  # type: ignore[override,misc]
        self.update(other)  # as by `group["lr"] = 0.1`, which a UserDict passes by
        return self

    def numbers(self, parameter: Value) -> dict[str, Any]:
        """The settings, and what `prepare` makes of them, as numbers of a parameter's dtype.

        NumPy takes longer to multiply by a Python number than by an array.
        """
        data = data_of(parameter)
        dtype = float if type(data) is float else data.dtype
        if dtype not in self._numbers:
            self._numbers[dtype] = self._cast(dtype, self._settings())
        return self._numbers[dtype]

    def _settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.data.items() if name != "params"}

    def _cast(self, dtype: Any, settings: dict[str, Any]) -> dict[str, Any]:
        """Settings and what follows from them in a dtype; ValueError for one that is 0 there."""
        cast = {}
        for name, value in (settings | self._optimizer.prepare(settings)).items():
            cast[name] = number = number_of(dtype, value)
            if value and isinstance(number, np.ndarray) and not number:
                raise ValueError(
                    f"A setting is a number among those of the parameters, but {name} = {value} "
                    f"is 0 in {dtype}.\nMake it larger, or the parameters float32."
                )
        return cast


def number_of(dtype: Any, value: Any) -> Any:
    """A number as what is computed with numbers of a dtype, which is `float` for Python's.

    0 is left alone, so that asking whether a setting is 0 costs nothing.
    """
    typed = dtype is not float and type(value) is float and value
    return np.array(value, dtype) if typed else value


def settings_of(optimizer: type[Any]) -> list[str]:
    """The names of the settings of an optimiser's class."""
    names = [
        n
        for kind in reversed(optimizer.__mro__)
        for n, s in vars(kind).items()
        if isinstance(s, Setting)
    ]
    return list(dict.fromkeys(names))


def as_groups(params: Iterable[Any], optimizer: type[Any]) -> list[dict[str, Any]]:
    """Parameter groups as they were given, or one of all the parameters; each a dict of its own.

    Raises ValueError for one without parameters, or with a setting that the optimiser has not.
    """
    params = _list_of(params)
    if not any(isinstance(p, Mapping) for p in params):
        return [{"params": params}]
    return [as_group(group, optimizer) for group in params]


def as_group(group: Any, optimizer: type[Any]) -> dict[str, Any]:
    """A parameter group as it was given, as a dict of its own; see `as_groups`."""
    if not isinstance(group, Mapping) or "params" not in group:
        raise ValueError(
            'A parameter group is a dict that has "params", but this is '
            f"{list(group) if isinstance(group, Mapping) else repr(group)}.\n"
            'Write `{"params": [w], "lr": 0.1}` for each group.'
        )
    if unknown := [name for name in group if name not in ("params", *settings_of(optimizer))]:
        _refuse_unknown(optimizer, unknown)
    own = group["params"]
    return {**group, "params": [own] if isinstance(own, Value) else _list_of(own)}


def _list_of(params: Any) -> list[Any]:
    """A list of parameters or groups; TypeError for what cannot be one."""
    if isinstance(params, Value):
        raise TypeError("An optimiser takes a list of parameters: write `[w]` for one.")
    if not isinstance(params, Iterable):
        raise TypeError(
            f"An optimiser takes a list of parameters, but this is {_kind(params)}.\n"
            "Pass `model.parameters()`."
        )
    if isinstance(params, (set, frozenset)):
        raise TypeError(
            "An optimiser takes a list of parameters, in whose order a state is saved, but a set "
            "has another at each run.\nPass `model.parameters()`."
        )
    return list(params)


def _refuse_unknown(optimizer: type[Any], names: list[str]) -> NoReturn:
    raise ValueError(
        f"A parameter group of {optimizer.__name__} has the settings "
        f"{', '.join(settings_of(optimizer))}, but this has {', '.join(map(repr, names))}.\n"
        "Leave it out, or make it a `Setting` of the class."
    )


def _kind(thing: Any) -> str:
    if isinstance(thing, MethodType):
        return "a method that is not called"
    return f"a {type(thing).__name__}" if hasattr(thing, "parameters") else describe(thing)
