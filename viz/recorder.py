"""calls: which call of which module made each node, and on which line, noted for pictures.

The engine notes nothing of its own accord. Within `with viz.calls():`, and within `model.draw(x)`,
the stack is looked at as each node is made; the notes stay with the nodes, for any later picture.
"""

from __future__ import annotations

import os
from types import FrameType
from typing import Any, NamedTuple

import nn
from autodiff import Value
from autodiff.extend import describe, leaves, noting
from nn import Module

from .apart import called_apart
from .drawing import draw
from .graphs.notes import Call, Note
from .picture import Picture

_NN = os.path.dirname(nn.__file__) + os.sep
_OPTIONS = (draw.__kwdefaults__ or {}).keys()  # of a picture, all by keyword
_CALLED = ("forward", "__call__")


def calls() -> Any:
    """Within it, each node notes which calls of modules it is made in, and on which line of yours.

    What is drawn of such nodes, now or later, can show each call of a module as one card. Modules
    called within it name their parameters by path, as `named_parameters()` does. It is a block for
    a `with` statement, of the thread or the task that enters it, and may decorate a function.

    >>> from autodiff import Value
    >>> from nn import MLP
    >>> with calls():
    ...     loss = (MLP(2, [3, 1], seed=0)([Value(1.0), Value(2.0)]) - 1.0) ** 2
    >>> from viz import draw
    >>> "layers.0" in draw(loss, depth=1).source
    True
    """
    return noting(lambda: _Recorder().note)


class _Level(NamedTuple):
    """A frame of the stack, and what it is in."""

    frame: FrameType
    module: Module | None  # the innermost one that is being called
    call: Call | None  # of that module
    users: FrameType  # the innermost frame that is neither the engine's nor a module's of nn


class _Recorder:
    """Notes of a node the calls that it is made in: those of the modules on the stack."""

    def __init__(self) -> None:
        # The stack of the last note, outermost first: its frames are held, so that one that is the
        # same object is the same call.
        self._stack: list[_Level] = []
        self._places: dict[FrameType, int] = {}
        self._paths: dict[int, str] = {}  # of the modules in the outermost one, by identity
        self._notes: dict[Any, Note] = {}  # shared by all nodes that are of one call and line

    def note(self, node: Value, frame: FrameType) -> Note:
        """What there is to say of a node that is made in this frame."""
        level = self._follow(frame)
        code, line = level.users.f_code, level.users.f_lineno
        key = (level.call, code, line)
        if key not in self._notes:
            self._notes[key] = Note(level.call, code.co_filename, line)
        return self._notes[key]

    def _follow(self, frame: FrameType) -> _Level:
        """Bring the stack up to date; gives its innermost level."""
        fresh: list[FrameType] = []
        known: FrameType | None = frame
        while known is not None and known not in self._places:
            fresh.append(known)
            known = known.f_back
        keep = 0 if known is None else self._places[known] + 1
        for level in self._stack[keep:]:
            del self._places[level.frame]
        del self._stack[keep:]
        for new in reversed(fresh):
            self._push(new)
        return self._stack[-1]

    def _push(self, frame: FrameType) -> None:
        above = self._stack[-1] if self._stack else None
        module, call = (above.module, above.call) if above else (None, None)
        called = _module_called(frame)
        if called is not None and called is not module:
            module, call = called, self._begun(called, call)
        ours = above is not None and frame.f_code.co_filename.startswith(_NN)
        users = above.users if ours and above else frame
        self._places[frame] = len(self._stack)
        self._stack.append(_Level(frame, module, call, users))

    def _begun(self, module: Module, within: Call | None) -> Call:
        """A call of a module has begun."""
        kind = f"{type(module).__name__}({module.describe()})"
        if within is None:
            for _ in module.named_parameters():  # which names them
                pass
            self._paths = {id(part): path for path, part in module.named_modules()}
        path = self._paths.get(id(module))
        if path is None:  # made as it is called, or no part of the outermost one
            path = f"{within.path}.{type(module).__name__}" if within and within.path else ""
            path = path or type(module).__name__
        return Call(within, path, kind)


def _module_called(frame: FrameType) -> Module | None:
    """The module whose call runs in a frame; None for any other."""
    code = frame.f_code
    if code.co_name not in _CALLED or not code.co_argcount:
        return None
    module = frame.f_locals.get(code.co_varnames[0])
    return module if isinstance(module, Module) else None


def _draw(self: Module, *args: Any, **keywords: Any) -> Picture:
    """The picture of what the module makes of `args`: each call of a module in it may be one card.

    Takes the options of `viz.draw`, such as `depth=1`, beside what `forward` takes, and raises what
    both of them raise; TypeError where nothing that `forward` gives is computed from nodes. The
    model is afterwards as it was: no buffer changes, and no generator of it draws.
    """
    options = {name: keywords.pop(name) for name in _OPTIONS & keywords.keys()}
    with calls():
        output = called_apart(self, *args, **keywords)
    nodes = [node for node in leaves(output) if isinstance(node, Value)]
    if not nodes:
        raise TypeError(
            f"`draw` of a module shows how its output is computed from nodes, but here is none: "
            f"this {type(self).__name__} gave {describe(output)}.\nWithout parameters it needs "
            "nodes to start from: pass `Tensor(x, name='x')`."
        )
    return draw(nodes, **options)


Module.draw = _draw  # type: ignore[method-assign]
