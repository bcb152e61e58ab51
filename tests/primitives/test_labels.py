"""What a graph says as text: the texts on edges, computed, are the cotangents that flow there."""

import numpy as np
import pytest
from registry_cases import calls

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import (
    data_of,
    edge_texts,
    formula_text,
    operands_of,
    operation,
    operation_text,
    operations,
    pull_edges,
    settings_text,
)

# Where the shape of what a rule gives is not known, for it compares: and `where` asks for bools.
UNKNOWN = {"max", "min"}
# Each of whose texts has `...` in it, for an index that is an array, or is that.
UNREADABLE = {
    "at_set",
    "cholesky",
    "cumprod",
    "eigh_stacked",
    "label_entries",
    "qr_stacked",
    "recurrence",
    "svd_stacked",
}
NAMES = {
    **vars(np), **{name: operation.call for name, operation in operations().items()},
    **{name: getattr(ad, name) for name in dir(ad)}, "argsort": np.argsort,
}  # fmt: skip


def node_of(name, operands, params):
    primitive = operations()[name]
    nodes = [Tensor(o) if o.dtype.kind == "f" else o for o in operands]
    return (
        primitive.call(nodes, **params) if primitive.variadic else primitive.call(*nodes, **params)
    )


@pytest.mark.parametrize("name", sorted(operations().keys() - UNKNOWN))
def test_the_text_of_an_edge_computes_what_is_pulled_back(name):
    primitive, compared = operations()[name], 0
    for operands, params in calls(name):
        z = node_of(name, operands, params)
        ct = np.random.default_rng(0).normal(size=np.shape(z.data))
        data = [data_of(o) for o in operands_of(z)]
        own = {primitive.operands[0]: data}
        own = own if primitive.variadic else dict(zip(primitive.operands, data, strict=True))
        own |= {"ct": ct, primitive.lead[0 if primitive.elementwise else 1]: data_of(z)}
        for text, expected in zip(edge_texts(z), pull_edges(z, ct), strict=True):
            if "..." in text or "with_entries" in text:  # an array in an index; a helper
                continue
            with np.errstate(all="ignore"):
                found = np.broadcast_to(
                    np.asarray(eval(text, {**NAMES, **own})), np.shape(expected)
                )
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=text)
            compared += 1
    assert compared or name in UNREADABLE


@pytest.mark.parametrize("name", operations())
def test_the_same_under_other_names(name):
    for operands, params in calls(name)[:3]:
        z = node_of(name, operands, params)
        count = len(operands_of(z))
        plain = edge_texts(z)
        assert edge_texts(z, [None] * count) == plain
        called = edge_texts(z, [f"operand_{i}" for i in range(count)], "result_")
        assert len(called) == len(plain)
        primitive = operations()[name]
        if primitive.elementwise and not primitive.variadic:
            for text, other in zip(plain, called, strict=True):
                for i, own in enumerate(primitive.operands):
                    other = other.replace(f"operand_{i}", own)
                assert other.replace("result_", primitive.lead[0]) == text


@pytest.mark.parametrize(
    ("make", "texts"),
    [
        (lambda a, b: a @ b, ("ct @ W.T", "X.T @ ct")),
        (lambda a, b: a * 0.35355339059327373, ("ct * 0.354",)),
        (lambda a, b: ad.tanh(a), ("ct * (1 - Y * Y)",)),
        (lambda a, b: ad.leaky_relu(a, 0.123456), ("ct * where(X > 0, 1, 0.123)",)),
        (lambda a, b: a + np.ones(3), ("ct",)),
        (lambda a, b: ad.maximum(a, 0.123456), ("ct * ((X > 0.123) + 0.5 * (X == 0.123))",)),
        (lambda a, b: ad.clip(a, -0.123456, 2), ("where((X >= -0.123) & (X <= 2), ct, 0)",)),
        (lambda a, b: a[:, 1:3], ("scatter(ct, (:, 1:3), (2, 3))",)),
        (lambda a, b: a[..., ::2], ("scatter(ct, (..., ::2), (2, 3))",)),
        (lambda a, b: a[None], ("scatter(ct, None, (2, 3))",)),
        (lambda a, b: a.T, ("transpose(ct)",)),
        (lambda a, b: a * np.array(0.123456), ("ct * 0.123",)),
        (lambda a, b: np.stack([a, a]), ("ct[0]", "ct[1]")),
        (lambda a, b: np.concatenate([a, a]), ("ct[0:2]", "ct[2:4]")),
    ],
)
def test_names_and_numbers_as_one_likes(make, texts):
    z = make(Tensor(np.ones((2, 3))), Tensor(np.ones((3, 4))))
    assert edge_texts(z, ["X", "W"], "Y", lambda x: f"{x:.3g}") == texts


@pytest.mark.parametrize(
    ("shape", "other", "text"),
    [
        ((3,), (2, 3), "sum(ct, 0)"), ((2, 1), (2, 3), "sum(ct, 1, keepdims=True)"),
        ((1, 1), (2, 3), "sum(ct, (0, 1), keepdims=True)"), ((), (2, 3), "sum(ct, (0, 1))"),
        ((4, 1), (5, 4, 3), "reshape(sum(ct, (0, 2)), (4, 1))"), ((2, 3), (2, 3), "ct"),
        ((2, 3), (1, 3), "ct"), ((1,), (1, 1), "sum(ct, 0)"),
    ],
)  # fmt: skip
def test_what_was_repeated_is_summed(shape, other, text):
    z = Tensor(np.ones(shape)) + np.ones(other)
    assert edge_texts(z) == (text,)
    (said,) = edge_texts(z, summed=lambda text, axes, before, after: f"{text} {before} {after}")
    assert said == ("ct" if text == "ct" else f"ct {np.shape(z.data)} {shape}")


def test_constants_are_written_as_one_likes():
    x = Value(1.0)

    def number(x):
        return f"<{x:.2g}>"

    assert operation_text(x * 0.333333, number) == "*<0.33>"
    assert operation_text(x * 0.333333) == "*0.333333"
    assert settings_text(ad.maximum(x, 0.333333), number) == "b=<0.33>"
    assert settings_text(ad.leaky_relu(Tensor([1.0]), 0.333333), number) == "slope=<0.33>"
    assert settings_text(ad.sum(Tensor([[1.0]]), axis=0), number) == "axis=0"


def test_a_product_with_a_transposed_matrix_is_titled_as_it_is_written():
    a, b = Tensor(np.ones((2, 3)), name="a"), Tensor(np.ones((4, 3)), name="b")
    assert operation_text(operation("matmul_transposed").call(a, b)) == "a @ b.T"
    assert operation_text(operation("transposed_matmul").call(a.T, b.T)) == "a.T @ b"
    assert operation_text(a @ b.T) == "@"
    assert formula_text(operation("matmul_transposed").call(a, b), lambda o: o.name) == "a @ b.T"
    stack = Tensor(np.ones((2, 4, 3)), name="s")
    assert (
        formula_text(operation("matmul_transposed").call(a, stack), lambda o: o.name) == "a @ s.mT"
    )
