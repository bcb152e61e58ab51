"""Functions of a file that the user names: imported as Python does it, and called on leaves."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import inspect
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import numpy as np

from autodiff import Value
from autodiff.extend import data_of, describe, topological

from ..expression import ExpressionError
from ..functions import as_leaves
from ..interactive.program import function_of, leaves_of
from ..names import names_of
from ..recorder import calls
from .source import Source

_SHOWN = 60  # characters of what was typed


def source_in(path: str, name: str, given: Mapping[str, str]) -> Source:
    """The graph of a function of a file, on these arguments and its defaults; or that of a node."""
    module = _imported(Path(path))
    if not name:
        example = next(iter(_own(module)), "f")
        raise ExpressionError(f"say which function of {path}, as in {path}:{example}")
    if not hasattr(module, name):
        raise ExpressionError(_no_such(module, path, name))
    thing = getattr(module, name)
    if isinstance(thing, Value):
        return _of_node(thing, name, given)
    if not callable(thing):
        raise ExpressionError(f"{name} in {path} is no function, but {describe(thing)}")
    parameters = _parameters(thing, name)
    values = _values(name, parameters, given)
    leaves = dict(zip(values, as_leaves(list(values), list(values.values())), strict=True))
    with _of_the_users(name), calls():
        root = _called(thing, parameters, leaves)
    if not isinstance(root, Value):
        raise ExpressionError(
            f"{name} gave {describe(root)}, which has no graph: give one number or array, computed "
            "of the arguments by NumPy's functions or autodiff's (math.sin makes a plain number)"
        )
    mine = {key: leaf for key, leaf in leaves.items() if isinstance(leaf, Value)}

    def f(*data: Any) -> Any:
        changed = {**values, **dict(zip(mine, data, strict=True))}
        with _of_the_users(name, io.StringIO()):
            return data_of(_called(thing, parameters, changed))

    return Source(root, mine, f)


def _of_node(node: Value, name: str, given: Mapping[str, str]) -> Source:
    if given:
        raise ExpressionError(f"{name} is a graph already, so it takes no {next(iter(given))!r}")
    nodes = list(topological(node))
    names, leaves = names_of(nodes), leaves_of(nodes)
    function = function_of(nodes)

    def f(*data: Any) -> Any:
        return data_of(function(*[type(leaf)(x) for leaf, x in zip(leaves, data, strict=True)]))

    return Source(node, {names[leaf]: leaf for leaf in leaves}, f)


# -- the file ------------------------------------------------------------------------------


def _imported(path: Path) -> ModuleType:
    """The module in a file, whose folder is the first that it imports from, as for a script.

    A file of a package, in a folder with an `__init__.py`, is imported as part of it.
    """
    if not path.is_file():
        raise ExpressionError(f"there is no file {str(path)[:_SHOWN]!r}")
    root, dotted = _package_of(path.resolve())
    if "." in dotted and dotted.partition(".")[0] not in sys.modules:
        sys.path.insert(0, os.fspath(root))
        with _of_the_users(str(path)):
            return importlib.import_module(dotted)
    name = path.stem if path.stem not in sys.modules else f"{path.stem} of the command line"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ExpressionError(f"{str(path)[:_SHOWN]!r} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, os.fspath(path.resolve().parent))
    sys.modules[name] = module
    with _of_the_users(str(path)):
        spec.loader.exec_module(module)
    return module


def _package_of(path: Path) -> tuple[Path, str]:
    """The folder around the packages that a file is in, and its module's name from there."""
    root, names = path.parent, [path.stem]
    while (root / "__init__.py").is_file() and root.name.isidentifier() and root.parent != root:
        root, names = root.parent, [root.name, *names]
    return root, ".".join(names)


@contextlib.contextmanager
def _of_the_users(name: str, out: TextIO | None = None) -> Iterator[None]:
    """Runs what the user wrote: what it prints is not the command's, nor are its errors."""
    try:
        with contextlib.redirect_stdout(out or sys.stderr), np.errstate(all="ignore"):
            yield
    except SystemExit as stop:
        raise ExpressionError(f"{name} ended the program ({stop})") from stop
    except Exception as error:
        words = " ".join(str(error).split()) or "without a word"
        raise ExpressionError(
            f"{name} raised {type(error).__name__}: {words}{_place(error)}"
        ) from error


def _place(error: Exception) -> str:
    """Where in a file of the user's an error came from."""
    if isinstance(error, SyntaxError):
        return ""  # which says so itself
    here = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        f for f in frames if not f.filename.startswith((here, "<")) and os.path.exists(f.filename)
    ]
    return f" ({os.path.basename(own[-1].filename)}, line {own[-1].lineno})" if own else ""


def _own(module: ModuleType) -> list[str]:
    """The names of what a module itself defines."""
    return [
        key for key, thing in vars(module).items()
        if not key.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    ]  # fmt: skip


def _known(module: ModuleType, otherwise: str) -> str:
    return ", ".join(_own(module)) or otherwise


def _no_such(module: ModuleType, path: str, name: str) -> str:
    close = difflib.get_close_matches(name, _own(module), 1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {_known(module, 'no function')}"
    return f"{path} has no {name[:_SHOWN]!r}: {hint}"


# -- the arguments -------------------------------------------------------------------------


def _parameters(function: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    """What can be given: `*args` as a list, all else by name, but for `**kwargs`."""
    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise ExpressionError(f"what {name} takes is not known, so it cannot be called") from None
    return {key: p for key, p in found.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}


def _values(
    name: str, parameters: Mapping[str, inspect.Parameter], given: Mapping[str, str]
) -> dict[str, Any]:
    spare = [key for key in given if key not in parameters]
    if spare:
        has = ", ".join(parameters) or "no arguments"
        raise ExpressionError(f"{name} has no argument {spare[0]!r}: it has {has}")
    values = {}
    for key, parameter in parameters.items():
        several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if key in given:
            values[key] = _value(key, given[key], parameter.default)
            if several and np.ndim(values[key]) == 0:
                raise ExpressionError(f"{name} takes *{key}: give a list, as '{key}=[1, 2]'")
        elif several:
            values[key] = ()
        elif parameter.default is inspect.Parameter.empty:
            raise ExpressionError(f"{name} has no value for {key!r}: give {key}=…")
        else:
            values[key] = parameter.default
    return values


def _value(name: str, text: str, default: Any) -> Any:
    """A number, a list of numbers, or what the default is of: a text, a whole number, a truth."""
    if isinstance(default, str):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, bool):
        return value
    whole = isinstance(default, int) and not isinstance(default, bool)
    try:
        if isinstance(value, list):
            return np.array(value, float)
        return value if whole and isinstance(value, int) else float(value)
    except (TypeError, ValueError):
        raise ExpressionError(
            f"the value of {name!r} is a number, or a list as [1, 2], but this is {text[:_SHOWN]!r}"
        ) from None


def _called(
    function: Callable[..., Any], parameters: Mapping[str, inspect.Parameter],
    values: Mapping[str, Any],
) -> Any:  # fmt: skip
    args: list[Any] = []
    by_name = {}
    for key, parameter in parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            by_name[key] = values[key]
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args.extend(values[key])  # the entries of a Tensor are nodes
        else:
            args.append(values[key])
    return function(*args, **by_name)
