"""The operators and methods of Value and Tensor: which there are, and what stands behind them."""

import math

import numpy as np
import pytest

import autodiff as ad
from autodiff import Tensor, Value
from autodiff.extend import operations
from autodiff.graph.habits import ATTRIBUTES
from autodiff.operations.methods import METHODS, OPERATORS

OF_BOTH = """
    __iadd__ __ifloordiv__ __imatmul__ __imod__ __imul__ __ipow__ __isub__ __itruediv__
    __abs__ __add__ __array__ __array_function__ __array_ufunc__ __bool__ __ceil__
    __divmod__ __float__ __floor__ __floordiv__ __int__ __matmul__ __mod__ __mul__
    __neg__ __pandas_priority__ __pos__ __pow__ __radd__ __rdivmod__ __rfloordiv__ __rmatmul__
    __rmod__ __rmul__ __round__ __rpow__ __rsub__ __rtruediv__ __sub__ __truediv__ __trunc__ abs
    arccos arccosh arccot arccoth arccsc arccsch arcsec arcsech arcsin arcsinh arctan arctanh
    astype backward bessel_i bessel_ie_slope bessel_j broadcast_to cast cbrt ceil cholesky clamp
    clip clone cofactors cos cosh cot coth csc csch cumprod cumsum data deg2rad det digamma
    eigh_stacked elu entr erf erfc erfcinv erfcx erfinv euclidean_norm exp exp2 expand_dims
    expm1 fabs flip floor gamma gammaln gelu getitem grad hard_tanh i0 i0e i1 i1e identity
    inputs inv item j0 j1 label ldexp leaky_relu log log10 log1p log2 log_ndtr log_sigmoid
    log_softmax
    logabsdet logit logit_slope logsumexp max max_pool mean min moveaxis name nan_to_num ndtr ndtri
    neg numel op overlap_add pad_constant pinv polygamma positive pow prod qr_stacked rad2deg
    reciprocal relu reshape rint roll round scaled_erfc scatter sec sech selu sigmoid sign silu
    sin sinc sinh soft_sign softmax softplus sort sqrt square squeeze std sum sum_pool sum_unpool
    svd_stacked swapaxes tan tanh traced transpose tril triu trunc var windows zero_grad
"""
OF_TENSORS = """
    __getitem__ __iter__ __len__ __setitem__
    T all any argmax argmin argpartition argsort at choose compress conj conjugate copy diagonal
    dot dtype flatten imag mT ndim nonzero partition ravel real repeat resize searchsorted
    shape size take tolist trace
"""


class _Bare:
    __slots__ = ("__weakref__",)


@pytest.mark.parametrize(("kind", "names"), [(Value, OF_BOTH), (Tensor, OF_BOTH + OF_TENSORS)])
def test_what_a_node_can_be_asked(kind, names):
    own = set(dir(kind)) - set(dir(_Bare)) - {"__annotations__"} - ATTRIBUTES.keys()
    assert {n for n in own if n.endswith("__") or not n.startswith("_")} == set(names.split())


def test_every_unary_operation_is_in_the_table():
    assert set(METHODS) == {name for name, found in operations().items() if found.unary}


def test_an_operator_is_the_operation_itself():
    assert Value.__mul__ is ad.mul
    assert Value.__pow__ is ad.pow
    assert Value.tanh is ad.tanh
    own = [name for name, call in OPERATORS.items() if hasattr(call, "primitive")]
    assert len(own) == 14
    assert all(getattr(Tensor, name) is OPERATORS[name] for name in own)


@pytest.mark.parametrize("name", [n for n in OPERATORS if f"__r{n[2:]}" in OPERATORS])
def test_an_operator_from_both_sides(name):
    plain = getattr(float, name, None) or (lambda a, b: np.matmul([[a]], [[b]]).item())
    for make in (Value, Tensor):
        x = make(2.5) if name != "__matmul__" else Tensor([[2.5]])
        y = 1.5 if name != "__matmul__" else np.array([[1.5]])
        there, back = getattr(x, name)(y), getattr(x, f"__r{name[2:]}")(y)
        for found, right in ((there, plain(2.5, 1.5)), (back, plain(1.5, 2.5))):
            parts = found if isinstance(found, tuple) else (found,)
            np.testing.assert_allclose([np.squeeze(p.data) for p in parts], np.ravel(right))


def test_what_a_method_takes():
    t = Tensor(np.arange(6.0))
    assert t.reshape(2, 3).shape == t.reshape((2, 3)).shape == (2, 3)
    assert t.reshape(6).shape == t.reshape((6,)).shape == t.ravel().shape == (6,)
    assert t.reshape(2, 3).transpose(1, 0).shape == t.reshape(2, 3).T.shape == (3, 2)
    np.testing.assert_array_equal(t.reshape(2, 3).sum(axis=0).data, [3.0, 5.0, 7.0])
    assert Value(0.5).tanh().data == math.tanh(0.5)
    assert Value(2.0).clip(0.0, 1.0).data == 1.0
    with pytest.raises(TypeError, match=r"Use `t = np\.sort\(t, \.\.\.\)`"):
        t.sort()
