"""The faults that are planted in the packages: that they are made for every rule, and only once."""

import inspect
import textwrap

import pytest
from mutants.mutations import Rule, mutants_of

from autodiff.extend import operations

SOURCE = textwrap.dedent('''
    import numpy as np

    def quotient(ct, z, a, b):
        """The words 1 + 1 are no code."""
        if b is None:
            raise TypeError("-1 is no cotangent")
        return ct / b, lambda: -ct * z / b

    def collect(found, pairs):
        for node, ct in pairs:
            found[node] += np.sum(ct)
''').lstrip()


def planted(function):
    rules = {"quotient": Rule("z", ("a", "b")), "collect": None}
    return [m for m in mutants_of("some.py", SOURCE, rules) if m.function == function]


def test_the_faults_of_a_rule():
    assert {(m.kind, m.after) for m in planted("quotient")} >= {
        ("sign flipped", "return (-(ct / b)), lambda: -ct * z / b"),
        ("sign flipped", "return ct / b, lambda: ct * z / b"),
        ("factor of 2", "return (2 * (ct / b)), lambda: -ct * z / b"),
        ("operand swapped", "return (b / ct), lambda: -ct * z / b"),
        ("operand swapped", "return ct / a, lambda: -ct * z / b"),
        ("operand swapped", "return (lambda: -ct * z / b, ct / b)"),
        ("output used for operand, or operand for output", "return ct / b, lambda: -ct * a / b"),
        ("output used for operand, or operand for output", "return ct / z, lambda: -ct * z / b"),
        ("gradient dropped", "return ct / b, lambda: (0 * (-ct * z / b))"),
    }


def test_the_faults_of_a_walk():
    assert {(m.kind, m.after) for m in planted("collect")} == {
        ("order broken", "for node, ct in reversed(list(pairs)):"),
        ("term overwritten instead of added", "found[node] = np.sum(ct)"),
        ("call dropped, as of sum_to", "found[node] += ct"),
        ("sign flipped", "found[node] -= np.sum(ct)"),
        ("statement dropped", "pass"),
    }


def test_a_mutant_is_the_file_with_one_change():
    for mutant in [*planted("quotient"), *planted("collect")]:
        line = mutant.lines.start - 1
        before, after = SOURCE.splitlines(), mutant.source.splitlines()
        assert before[line].strip() == mutant.before
        assert after[line].strip() == mutant.after
        assert before[:line] + before[line + 1 :] == after[:line] + after[line + 1 :]


def test_words_and_refusals_are_left_alone():
    assert {m.before for m in planted("quotient")} == {"return ct / b, lambda: -ct * z / b"}


@pytest.mark.parametrize("name", operations())
def test_every_rule_of_the_registry_gets_faults(name):
    primitive = operations()[name]
    source = textwrap.dedent(inspect.getsource(primitive.rule))
    rule = Rule(primitive.lead[-1], primitive.operands)
    found = mutants_of(name, source, {primitive.rule.__name__: rule})
    assert found
    assert len({m.key for m in found}) == len({m.source for m in found}) == len(found)
