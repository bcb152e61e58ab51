"""Operands on which each operation of the registry is tested: those that `uses` finds."""

from autodiff.testing.uses import uses


def calls(name, most=None):
    """(operands, params) on which the operation can be computed with a finite result."""
    return [(list(use.operands), use.params) for use in uses(name, most)]
