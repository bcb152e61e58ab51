"""Blocks: modes for `with` statements, and for functions that are to run in one; no_grad."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from .messages import describe
from .modes import Entry, entered, settle

F = TypeVar("F", bound=Callable[..., Any])
Step = Callable[..., Any]  # step(f, *args, **keywords) is f(*args, **keywords) in a mode


class Block(AbstractContextManager[None]):
    """A mode for a `with` statement, and for functions that are to run in it.

    Each exit ends what its own entry has begun, in whatever order and in whatever context it
    comes. A generator or a coroutine that is decorated is in the mode while it runs, and out of
    it while it is suspended.
    """

    def __init__(self, changes: Callable[[], dict[str, Any]]) -> None:
        self._changes = changes
        self._open: list[Entry] = []  # one for each `with` that is inside

    def __enter__(self) -> None:
        entry = Entry(self._changes())
        self._open.append(entry)
        try:
            entry.enter()
        except BaseException:  # an interrupt, whose traceback would keep it alive
            entry.changes = None
            raise

    def __exit__(self, *error: Any) -> None:
        own = self._open[-1]
        try:
            handles = entered()
            # That of this context: another thread or task may be in the same block.
            own = next((e for e in reversed(self._open) if e.handle in handles), own)
        finally:
            own.changes = None  # in one step: a call might be interrupted before it ends it
        own.end()
        self._open.remove(own)
        settle(handles)

    def __call__(self, f: F) -> F:
        """f, running in this mode. Raises TypeError for what is no function."""
        if isinstance(f, type) or not callable(f):
            raise TypeError(
                f"This decorates a function, but it was given {describe(f)}.\n"
                "Decorate each method of a class (below `@classmethod`), or write a `with` block."
            )

        def step(f: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
            with Block(self._changes):
                return f(*args, **keywords)

        return functools.update_wrapper(_wrapper_of(f, step), f)  # type: ignore[return-value]


def _wrapper_of(f: Callable[..., Any], step: Step) -> Callable[..., Any]:
    """A function of the same kind as f, each of whose steps is run by `step`."""

    def function(*args: Any, **keywords: Any) -> Any:
        return step(f, *args, **keywords)

    def generator(*args: Any, **keywords: Any) -> Any:
        return (yield from _stepping(f(*args, **keywords), step))

    async def coroutine(*args: Any, **keywords: Any) -> Any:
        return await _awaiting(f(*args, **keywords), step)

    async def async_generator(*args: Any, **keywords: Any) -> Any:
        inner = f(*args, **keywords)
        advance = inner.asend(None)
        while True:
            try:
                item = await _awaiting(advance, step)
            except StopAsyncIteration:
                return
            try:
                advance = inner.asend((yield item))
            except GeneratorExit:
                await _awaiting(inner.aclose(), step)
                raise
            except BaseException as error:
                advance = inner.athrow(error)

    if inspect.isasyncgenfunction(f):
        return async_generator
    if inspect.iscoroutinefunction(f):
        return coroutine
    return generator if inspect.isgeneratorfunction(f) else function


def _stepping(inner: Any, step: Step) -> Generator[Any, Any, Any]:
    """A generator that does what `inner` does, and runs it by `step` between two yields."""
    try:
        item = step(inner.send, None)
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                step(inner.close)
                raise
            except BaseException as error:
                item = step(inner.throw, error)
            else:
                item = step(inner.send, sent)
    except StopIteration as end:
        return end.value


_awaiting = types.coroutine(_stepping)


def no_grad(f: Any = None) -> Any:
    """Within it, or in a function that it decorates, results are leaves: no graph is recorded.

    It is of the thread or the task of asyncio that enters it, and of the tasks that are made
    within it, until the block ends. As a decorator it may stand without brackets.

    >>> import autodiff as ad
    >>> x = ad.Value(2.0)
    >>> with ad.no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (4.0, ())
    """
    block = Block(lambda: {"records": False})
    return block if f is None else block(f)
