"""Mini-batches of data, drawn without replacement, and where such a draw stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from autodiff import Value
from autodiff.extend import Seed, check_switches, describe, is_count

Array = np.ndarray[Any, Any]


class Batches:
    """Arrays cut into mini-batches, in a new random order at each iteration (an epoch).

    `batches` makes one, and says what it raises.

    >>> draw = batches(np.arange(5), batch_size=2, seed=0)
    >>> draw.rows, len(draw)
    (5, 3)
    """

    def __init__(
        self,
        arrays: tuple[Any, ...],
        batch_size: int,
        seed: Seed = None,
        shuffle: bool = True,
        drop_last: bool = False,
        allow_nan: bool = False,
    ) -> None:
        check_switches(shuffle=shuffle, drop_last=drop_last, allow_nan=allow_nan)
        self.arrays = _checked_arrays(arrays, allow_nan)
        self.rows = len(self.arrays[0])
        if not is_count(batch_size):
            raise ValueError(f"A batch has a whole number of rows from 1 up, not {batch_size!r}.")
        if batch_size > self.rows:
            raise ValueError(
                f"A batch has no more rows than the data, but this is {batch_size} of "
                f"{self.rows}.\nPass `batch_size={self.rows}` for all of them at once."
            )
        self.batch_size, self.shuffle, self.drop_last = int(batch_size), shuffle, drop_last
        self._rng = np.random.default_rng(seed)
        self._position = 0  # how many batches the epoch that was begun last has given; 0 at its end
        self._order: Any = None  # the generator's state before that epoch's order was drawn
        self._resuming = False  # whether the next iteration goes on with that epoch
        self._epoch: Any = None  # which iteration that is

    def __len__(self) -> int:
        whole, rest = divmod(self.rows, self.batch_size)
        return whole if self.drop_last else whole + bool(rest)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order, start, size = self._begun(), self._position, self.batch_size
        epoch = self._epoch = object()
        for k in range(start, len(self)):
            part = slice(k * size, (k + 1) * size)
            if order is None:
                batch = tuple([array[part].copy() for array in self.arrays])
            else:
                batch = tuple([array[order[part]] for array in self.arrays])
            for array in batch:
                array.setflags(write=False)  # so that the engine need not copy it
            if self._epoch is epoch:
                self._position = k + 1
            yield batch
        if self._epoch is epoch:
            self._position, self._order = 0, None

    def _begun(self) -> Array | None:
        """The order of the rows in the epoch that begins, or goes on; None for as they stand."""
        going_on, self._resuming = self._resuming, False
        if not going_on:
            self._position, self._order = 0, self._rng.bit_generator.state if self.shuffle else None
        if not self.shuffle:
            return None
        rng = _generator_like(self._rng, self._order) if going_on else self._rng
        return rng.permutation(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Where the draw stands, for `load_state_dict`: numbers, and states of its generator.

        `position` counts the batches that the epoch begun last has given, 0 where it is over;
        `order` is the generator's state before the order of that epoch, and `generator` that of
        now, which someone else may draw from as well.

        >>> draw = batches(np.arange(5), batch_size=2, seed=0)
        >>> for (X,) in draw:
        ...     saved = draw.state_dict()
        ...     break
        >>> again = batches(np.arange(5), batch_size=2)
        >>> again.load_state_dict(saved)
        >>> [X.tolist() for (X,) in again], [X.tolist() for (X,) in again]
        ([[3, 0], [1]], [[4, 1], [2, 0], [3]])
        """
        return {
            **self._settings(),
            "position": self._position,
            "order": self._order,
            "generator": self._rng.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, of batches of as many rows, cut in the same way.

        The next iteration is the rest of the epoch that was under way, if one was; one that had
        given its last batch, and was not over, has none left. Raises ValueError for a state that
        does not fit; then nothing is changed.
        """
        own = self.state_dict()
        if not isinstance(state, Mapping) or set(state) != set(own):
            of = sorted(state) if isinstance(state, Mapping) else describe(state)
            _refuse(f"it has {sorted(own)}, and this is {of}")
        for name, mine in self._settings().items():
            if state[name] != mine:
                _refuse(f"`{name}` is {state[name]!r} there, and {mine!r} here")
        position, order, now = state["position"], state["order"], state["generator"]
        whole = isinstance(position, (int, np.integer)) and not isinstance(position, bool)
        if not whole or not 0 <= position <= len(self):
            _refuse(f"`position` is a number of batches, up to {len(self)}, and not {position!r}")
        if (order is not None) != (position > 0 and bool(self.shuffle)):
            _refuse("`order` is what the rest of an epoch is drawn from, and stands for no other")
        for kept in (now,) if order is None else (now, order):
            _generator_like(self._rng, kept)
        self._rng.bit_generator.state = now
        self._position, self._order, self._resuming = int(position), order, position > 0
        self._epoch = None  # an iteration from before counts no more

    def _settings(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "batch_size": self.batch_size,
            "shuffle": bool(self.shuffle),
            "drop_last": bool(self.drop_last),
        }


def batches(
    *arrays: Any,
    batch_size: int,
    seed: Seed = None,
    shuffle: bool = True,
    drop_last: bool = False,
    allow_nan: bool = False,
) -> Batches:
    """Mini-batches of the rows of one or more arrays: `for X, y in batches(X, y, batch_size=32)`.

    Each iteration over it is one epoch: every row once, in a new order drawn from `seed` (an
    int or a numpy Generator), or as they stand where `shuffle` is off; the last batch has what
    remains, and is left out by `drop_last` where it is smaller. `len` is the batches of an epoch.
    The batches are read-only copies, each a tuple of as many as there are arrays, which may come
    as one tuple, too. `state_dict` says where an epoch stands, and `load_state_dict` goes on there.

    Raises ValueError for no arrays, those of other lengths or without rows, fewer rows than a
    batch has, and for NaN, which every weight would be after one step (unless `allow_nan`);
    TypeError for what are no numbers or text.

    >>> [X.tolist() for (X,) in batches(np.arange(5), batch_size=2, seed=0)]
    [[2, 4], [3, 0], [1]]
    >>> data = np.arange(5.0), [0, 1, 0, 1, 0]
    >>> [y.tolist() for X, y in batches(data, batch_size=2, shuffle=False, drop_last=True)]
    [[0, 1], [0, 1]]
    """
    if len(arrays) == 1 and isinstance(arrays[0], tuple):
        arrays = arrays[0]
    return Batches(arrays, batch_size, seed, shuffle, drop_last, allow_nan)


def _checked_arrays(given: tuple[Any, ...], allow_nan: bool) -> list[Array]:
    """The arrays to draw from; TypeError and ValueError as `batches` says."""
    arrays = []
    for place, data in enumerate(given):
        try:
            array = np.asarray(data.data if isinstance(data, Value) else data)
        except ValueError as error:  # rows of other lengths, as those of a list of arrays
            raise TypeError(
                f"Batches are drawn from arrays, but array {place} is {describe(data)}, whose rows "
                "are not of one shape.\nPass several arrays side by side, as in `batches(X, y, "
                "batch_size=32)`; fill up shorter rows."
            ) from error
        if array.dtype.kind not in "biufcSU" or isinstance(data, np.ma.MaskedArray):
            masked = "; fill it first" if isinstance(data, np.ma.MaskedArray) else ""
            raise TypeError(
                "Batches are drawn from arrays of numbers, but array "
                f"{place} is {describe(data)}{masked}.\n"
                "Convert it, as in `np.asarray(data, float)`."
            )
        arrays.append(array)
    lengths = [a.shape[0] if a.ndim else 0 for a in arrays]
    if not lengths or min(lengths) != max(lengths) or not lengths[0]:
        raise ValueError(
            "The arrays to draw from have the same number of rows, and at least one, but "
            f"these have {lengths}.\nPass them side by side, as in `batches(X, y, batch_size=32)`."
        )
    if not allow_nan:
        for place, array in enumerate(arrays):
            _refuse_nan(array, place)
    return arrays


def _refuse_nan(array: Array, place: int) -> None:
    if array.dtype.kind not in "fc" or not array.size or not np.isnan(np.min(array)):
        return
    rows = np.flatnonzero(np.isnan(array).reshape(len(array), -1).any(axis=1))
    raise ValueError(
        f"Data to learn from has no NaN, but array {place}, counted from 0, has some in "
        f"{len(rows)} of its {len(array)} rows, first in row {rows[0]}.\n"
        "Leave those rows out, fill them, or pass `allow_nan=True`."
    )


def _generator_like(rng: np.random.Generator, state: Any) -> np.random.Generator:
    """A generator of the same kind in this state; ValueError where it is none of that kind."""
    own = type(rng.bit_generator)()
    try:
        own.state = state
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        _refuse(f"its generator is none of {type(own).__name__}: {error}")
    return np.random.Generator(own)


def _refuse(problem: str) -> NoReturn:
    raise ValueError(
        f"A state fits batches of data made as those that wrote it, but {problem}.\n"
        "Pass what `state_dict()` of such batches gave; nothing has been changed."
    )
