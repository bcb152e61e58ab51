"""The state of a module: arrays by name, which are checked before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autodiff.extend import check_switches, data_of, describe


class IncompatibleKeys(NamedTuple):
    """The names that a state had too few of, and too many."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def as_array(part: Any) -> np.ndarray[Any, Any]:
    """A parameter or a buffer as an array of its own."""
    if isinstance(part, np.random.Generator):
        return _words_of(part)
    return np.array(data_of(part))


def compared(
    state: Mapping[str, Any], own: Mapping[str, Any], strict: bool
) -> tuple[IncompatibleKeys, list[str]]:
    """The names that do not match, and what is wrong with a state, in sentences."""
    check_switches(strict=strict)
    keys = IncompatibleKeys([k for k in own if k not in state], [k for k in state if k not in own])
    problems = []
    if strict or len(keys.missing_keys) == len(own) > 0:  # then it would load nothing at all
        problems += [f"{key} is missing" for key in keys.missing_keys]
        problems += [f"{key} is not in this module" for key in keys.unexpected_keys]
    for key in own.keys() & state.keys():
        have, want = state[key], as_array(own[key])
        try:
            have = np.asarray(data_of(have))
        except (TypeError, ValueError):
            problems.append(f"{key} is {describe(have)}, and no array")
            continue
        fits = have.dtype.kind == want.dtype.kind and np.can_cast(have.dtype, want.dtype)
        if have.shape != want.shape or not fits:
            problems.append(
                f"{key} has shape {have.shape} and dtype {have.dtype}, not {want.shape} and "
                f"{want.dtype}"
            )
    return keys, sorted(problems)


# -- generators ----------------------------------------------------------------------------

# As NumPy's PCG64 is written: two numbers of 128 bits, in halves, and half of a number of 64 bits
# that may have been drawn and not yet used.
_HALF = 64


def own_generator(seed: Any) -> np.random.Generator:
    """A PCG64 that is one's own: its seed is a number that the generator of `seed` draws."""
    drawn = np.random.default_rng(seed).integers(2**63)
    return np.random.Generator(np.random.PCG64(int(drawn)))


def has_words(generator: np.random.Generator) -> bool:
    """Whether the state of a generator can be written as an array."""
    return isinstance(generator.bit_generator, np.random.PCG64)


def _words_of(generator: np.random.Generator) -> np.ndarray[Any, Any]:
    """The state of a PCG64 as six whole numbers."""
    state: Any = generator.bit_generator.state
    long = (state["state"]["state"], state["state"]["inc"])
    halves = [half for n in long for half in divmod(n, 1 << _HALF)]
    return np.array([*halves, state["has_uint32"], state["uinteger"]], np.uint64)


def set_words(generator: np.random.Generator, words: Any) -> None:
    """Put a PCG64 into the state that was written so."""
    high, low, inc_high, inc_low, has, half = (int(word) for word in words)
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": (high << _HALF) | low, "inc": (inc_high << _HALF) | inc_low},
        "has_uint32": int(has > 0),
        "uinteger": half % (1 << 32),
    }
