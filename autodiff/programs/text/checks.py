"""What a saved program asks of its arguments and of its result, as functions that it carries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph.value import Value
from ...primitives.registry import Helper
from ...support.numbers import has_nan
from ...support.tree import leaves
from ..tracing.trace import TracedGenerator


def _checked(name: str, given: Any, wanted: Any) -> Any:
    """An argument as this program takes it. Raises ValueError for one of another kind."""
    found = type(given).__name__
    if isinstance(wanted, dict):
        if isinstance(given, dict):
            if given.keys() == wanted.keys():
                return {k: _checked(f"{name}[{k!r}]", given[k], v) for k, v in wanted.items()}
            found = f"a dict of {list(given)}"
    elif isinstance(wanted, list):
        if isinstance(given, (list, tuple)):
            if len(given) == len(wanted):
                pairs = enumerate(zip(given, wanted))
                return [_checked(f"{name}[{i}]", *pair) for i, pair in pairs]
            found = f"a {found} of {len(given)}"
    elif wanted in ("NoneType", "Generator"):
        if found == wanted:
            return given
    elif not (given is None or isinstance(given, (dict, str))):
        array = np.asarray(given)
        if array.dtype.kind in "biu" and wanted.startswith("float"):
            array = array.astype(wanted.split()[0])
        if wanted == "number" and array.shape == () and array.dtype.kind in "biuf":
            return float(array)
        found, kind = f"{array.dtype} {array.shape}", array.dtype.name.rstrip("0123456789")
        if wanted in (found, f"{kind} {array.shape}"):
            return array
    raise ValueError(
        f"This program was derived for `{name}` as {wanted}, but it is {found}.\n"
        "Derive it again with such an argument."
    )


def _with_care(plainly: Any, carefully: Any, *args: Any) -> Any:
    """What the plain steps give; where they raise an error or give NaN, what those with care do."""
    try:
        found = plainly(*args)
    except (ArithmeticError, ValueError):
        return carefully(*args)
    return carefully(*args) if any(map(has_nan, leaves(found))) else found


_BY_JAX = """
found = jax.tree.map(jnp.asarray, plainly(*args))
odd = jnp.array([jnp.isnan(x).any() for x in jax.tree.leaves(found)]).any()
jax.lax.cond(odd, lambda: jax.tree.map(jnp.asarray, carefully(*args)), lambda: found)
"""
STEPS = ("_plainly", "_carefully")  # the two functions of which a program may be made
# By their names in a program.
CHECKS = {"_checked": Helper(_checked, {}), "_with_care": Helper(_with_care, {"jax": _BY_JAX})}


def wanted_of(tree: Any, exact: bool, promoted: bool) -> Any:
    """What is asked of an argument: of its leaves the dtype and shape, with `exact` the width.

    What is differentiated by is `promoted`: whole numbers may be given for floats.
    """
    if isinstance(tree, dict):
        return {key: wanted_of(branch, exact, promoted) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [wanted_of(branch, exact, promoted) for branch in tree]
    if isinstance(tree, TracedGenerator):
        return "Generator"
    if not isinstance(tree, Value):
        return type(tree).__name__
    data = tree._data
    if not isinstance(data, np.ndarray):
        return "number" if exact else "float ()"
    dtype = np.dtype(float) if promoted and data.dtype.kind in "biu" else data.dtype
    return f"{dtype if exact else dtype.name.rstrip('0123456789')} {data.shape}"
