"""Programs over jax.numpy: equal to the engine, jitted, and over many devices at once."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from agreement import weighted
from processes import path_with
from registry_cases import calls

import autodiff as ad
from autodiff import compile, derive, grad, hvp, value_and_grad
from autodiff.extend import operations
from autodiff.programs.tracing.standins import TraceError
from autodiff.support.tree import leaves, tree_map

jax = pytest.importorskip("jax")


def alike(found, expected, tolerance=1e-9):
    """Equal but for the rounding of another library's functions."""
    assert len(leaves(found)) == len(leaves(expected))
    for mine, right in zip(leaves(found), leaves(expected), strict=True):
        mine, right = np.asarray(mine), np.asarray(right)
        assert mine.shape == right.shape
        scale = np.max(np.abs(right[np.isfinite(right)]), initial=1.0)
        np.testing.assert_allclose(mine, right, rtol=tolerance, atol=tolerance * scale)


def some(name, count):
    """So many of the operation's cases, from the first to the last; not a number taken as a row."""
    cases = calls(name)
    if not operations()[name].elementwise:
        cases = [c for c in cases if max(o.ndim for o in c[0])] or cases
    return [cases[i] for i in sorted(set(np.linspace(0, len(cases) - 1, count).astype(int)))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", operations())
def test_every_operation_by_jax(name):
    for operands, params in some(name, 2):
        f, floats = weighted(name, operands, params)
        every = tuple(range(len(floats)))
        if floats:
            program = derive(f, *floats, argnums=every, engine="jax")
            alike(program(*floats), value_and_grad(f, every)(*floats))


# -- derive --------------------------------------------------------------------------------


def test_the_source_is_the_same_over_another_module():
    def f(x, y):
        return np.sum(np.tanh(x) * y)

    args = np.array([0.5, -1.0, 2.0]), np.ones(3)
    plain, over_jax = (derive(f, *args, engine=e).source for e in ("numpy", "jax"))
    body = plain[plain.index("def f") :].replace("np.", "jnp.").replace(".copy()", "")
    assert over_jax.endswith(body)
    assert "import jax.numpy as jnp\n" in over_jax


def test_a_program_is_jitted_and_differentiated_by_jax_as_well():
    f = lambda x: np.sum(np.tanh(x) * x[::-1] ** 2)  # noqa: E731
    x = np.array([0.3, -1.2, 2.0])
    program = derive(f, x, engine="jax")
    with jax.enable_x64(True):
        alike(jax.jit(program)(x), value_and_grad(f)(x))
        alike(jax.grad(lambda x: program(x)[0])(x), grad(f)(x))
    alike(derive(grad(f), x, engine="jax")(2 * x), grad(f)(2 * x))
    product = derive(lambda x, v: hvp(f, (x,), (v,)), x, x + 1, engine="jax")
    alike(product(x, x + 1), hvp(f, (x,), (x + 1,)))


def test_structures_and_precision_are_the_functions_own():
    def f(p, k):
        return np.sum(p["b"] * p["a"][0]) * k

    single = np.arange(3, dtype=np.float32)
    p = {"b": single, "a": [single + 1]}
    value, (dp, dk) = derive(f, p, 2.0, engine="jax")(p, 2.0)
    assert list(dp) == ["b", "a"]  # JAX alone would sort them
    assert (value.dtype, dp["b"].dtype) == (np.float32, np.float32)
    assert dk.dtype == np.float64  # as a Python float has it
    alike((value, (dp, dk)), value_and_grad(f, (0, 1))(p, 2.0), 1e-6)


def test_an_unselected_branch_is_exactly_zero():
    f = lambda x: np.sum(ad.where(x >= 0, x, ad.sqrt(-x)) + ad.sqrt(x * x) * (x * 0.0))  # noqa: E731
    x = np.array([-4.0, 0.0, 4.0])
    with np.errstate(all="ignore"):
        alike(derive(f, x, engine="jax")(x), value_and_grad(f)(x))


def test_the_tails_keep_their_digits():
    logits, labels = np.array([[800.0, 0.0, -800.0], [40.0, 0.0, 1.0]]), np.array([2, 0])
    f = lambda x: ad.cross_entropy(x, labels) + ad.logsumexp(x[1] - 40.0)  # noqa: E731
    alike(derive(f, logits, engine="jax")(logits), value_and_grad(f)(logits), 1e-13)


def test_a_label_out_of_range_is_no_number():
    labels = np.array([2, 0])
    program = derive(ad.cross_entropy, np.ones((2, 3)), labels, argnums=0, engine="jax")
    assert np.isfinite(program(np.ones((2, 3)), labels)[0])
    for wrong in (3, -1):
        assert np.isnan(program(np.ones((2, 3)), np.array([0, wrong]))[0])


def test_a_saved_program_needs_jax_alone(tmp_path):
    program = derive(lambda x: np.sum(ad.erf(x) * x[[0, 0, 2]]), np.ones(3), engine="jax", name="f")
    program.save(tmp_path / "saved.py")
    script = """
    import sys, jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp, saved
    value, slope = jax.jit(saved.f)(jnp.array([0.5, -1.0, 2.0]))
    assert "autodiff" not in sys.modules
    print(repr(float(value)), repr(float(slope.sum())))
    """
    printed = run(script, tmp_path)
    x = np.array([0.5, -1.0, 2.0])
    value, slope = value_and_grad(lambda x: np.sum(ad.erf(x) * x[[0, 0, 2]]))(x)
    alike([float(p) for p in printed.split()], [value, slope.sum()], 1e-12)


def test_what_jax_cannot_do_is_refused(monkeypatch):
    with pytest.raises(TraceError, match="pass the numbers"):
        derive(lambda x, rng: x * rng.normal(), 1.0, np.random.default_rng(0), engine="jax")
    with pytest.raises(ValueError, match="engine=\"jax\", but this is 'torch'"):
        derive(lambda x: x, 1.0, engine="torch")
    monkeypatch.setitem(sys.modules, "jax", None)
    program = derive(lambda x: x * x, 1.0, engine="jax")
    assert "import" not in program.source[program.source.index("def ") :]  # it can be read
    with pytest.raises(ImportError, match=r"pip install .jax"):
        program(1.0)


# -- compile -------------------------------------------------------------------------------


def loss(params, X, labels):
    (W1, b1), (W2, b2) = params
    return ad.cross_entropy(np.tanh(X @ W1 + b1) @ W2 + b2, labels)


def step(params, X, labels, lr=0.5):
    value, slopes = value_and_grad(loss)(params, X, labels)
    moved = [
        tuple(p - lr * g for p, g in zip(layer, slope, strict=True))
        for layer, slope in zip(params, slopes, strict=True)
    ]
    return value, moved


def network(dtype=np.float64, rows=8):
    rng = np.random.default_rng(0)
    params = [(rng.normal(size=s).astype(dtype), np.zeros(s[1], dtype)) for s in [(6, 5), (5, 3)]]
    return params, rng.normal(size=(rows, 6)).astype(dtype), rng.integers(0, 3, rows)


@pytest.mark.parametrize("donate", [(), "params"])
def test_training_is_the_same(donate):
    params, X, labels = network()
    jitted = compile(step, engine="jax", donate=donate)
    mine, right = params, params
    for _ in range(20):
        value, mine = jitted(mine, X, labels)
        expected, right = step(right, X, labels)
        alike(value, expected)
    alike(mine, right)
    assert all(isinstance(leaf, jax.Array) for leaf in leaves(mine))
    assert "jnp.tanh" in jitted.source


def test_it_is_traced_again_for_other_arguments():
    traced = []

    @compile(engine="jax", static="power")
    def f(x, *, power=2):
        traced.append(np.shape(x))
        return ad.sum(x**power)

    for x in (np.ones(3), np.full(3, 2.0), np.ones(4), np.ones(3, np.float32), [np.ones(3)][0]):
        alike(f(x), np.sum(x**2), 1e-6)
    alike(f(np.full(3, 2.0), power=3), 24.0)
    assert len(traced) == 4


def test_a_tensor_of_a_closure_is_read_anew():
    w = ad.Tensor([1.0, 2.0], name="w")
    f = compile(lambda x: (w * x).sum(), engine="jax")
    alike(f(np.ones(2)), 3.0)
    w.data = [5.0, 5.0]
    alike(f(np.ones(2)), 10.0)


def test_arguments_may_be_written_to_at_once():
    f = compile(lambda x: (x, np.sum(np.sin(x))), engine="jax")
    x = np.zeros(200_000)
    for _ in range(10):
        x[:] = 1.0
        same, total = f(x)
        x[:] = 2.0
        assert np.all(np.asarray(same) == 1.0)
        alike(total, x.size * np.sin(1.0))


def test_decisions_are_refused_by_this_engine_as_well():
    with pytest.raises(TraceError, match="a branch"):
        compile(lambda x: x if x > 0 else -x, engine="jax")(1.0)


# -- more than one device ------------------------------------------------------------------


def run(script, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": "", "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_data_parallel_training_over_eight_devices(tmp_path):
    script = """
    import jax, numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec
    from autodiff import compile
    from autodiff.extend import leaves, tree_map
    from test_jax import network, step

    mesh = Mesh(np.array(jax.devices()), ("batch",))
    assert mesh.size == 8
    rows, everywhere = (NamedSharding(mesh, PartitionSpec(*s)) for s in (("batch",), ()))
    with jax.enable_x64(True):
        params, X, labels = network(rows=64)
        X, labels = jax.device_put((X, labels), rows)
        params = tree_map(lambda leaf: jax.device_put(leaf, everywhere), params)
    train = compile(step, engine="jax", donate="params")
    for _ in range(20):
        loss, params = train(params, X, labels)
    assert all(len(leaf.sharding.device_set) == 8 for leaf in leaves(params))
    assert len(train._programs) == 1
    np.savez("trained.npz", *leaves(params), loss=loss)
    """
    flags = "--xla_force_host_platform_device_count=8"
    run(script, tmp_path, XLA_FLAGS=flags, PYTHONPATH=path_with(__file__))
    params, X, labels = network(rows=64)
    one_device = compile(step, engine="jax")
    for _ in range(20):
        value, params = one_device(params, X, labels)
    with np.load(tmp_path / "trained.npz") as trained:
        alike([trained[f"arr_{i}"] for i in range(4)], leaves(params))
        alike(trained["loss"], value)


def test_numbers_of_another_width_are_not_taken_for_these():
    params, X, labels = network(np.float32)
    _, moved = compile(step, engine="jax")(params, X, labels)
    assert {leaf.dtype for leaf in leaves(moved)} == {np.dtype(np.float32)}
    alike(moved, tree_map(np.float32, step(params, X, labels)[1]), 1e-5)


@pytest.mark.parametrize("argnums", [None, ()])
@pytest.mark.parametrize("example", [2.0, np.array(2.0), np.ones(2), np.ones(2, np.float32)])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64, bool])
def test_whole_numbers_are_floats_where_floats_were(dtype, example, argnums):
    whole = np.broadcast_to(np.array(100, dtype), np.shape(example))
    x = np.asarray(whole, float)
    program = derive(lambda x: ad.sum(x * x * x), example, engine="jax", argnums=argnums)
    for given in (whole, whole[()], jax.numpy.asarray(whole)):
        found = program(given)
        value, slope = found if argnums is None else (found, 3 * x * x)
        alike([value, slope], [np.sum(x**3), 3 * x * x])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, bool])
def test_numbers_that_whole_numbers_have_no_room_for(dtype):
    """JAX itself takes 255 beside an int8 for -1."""
    whole = np.array([1, 1, 3]).astype(dtype)
    of_two = (ad.less, ad.equal, ad.greater_equal, ad.add, ad.sub, ad.maximum, ad.div)
    numbers = (3, -1, 255, 256, -200, 2**40)

    def f(x):
        return [pair for op in of_two for n in numbers for pair in (op(x, n), op(n, x))]

    for found, right in zip(compile(f, engine="jax")(whole), compile(f)(whole), strict=True):
        np.testing.assert_array_equal(found, right)
        assert found.dtype == right.dtype


def test_a_number_beside_entries_of_an_array():
    def f(p, x):
        return p[0] * x + p[1]

    program = derive(f, np.array([1.0, 2.0]), 2.0, engine="jax")
    value, (by_p, by_x) = program(np.array([1.0, 2.0]), 2.0)
    assert (float(value), float(by_x)) == (4.0, 1.0)
    np.testing.assert_array_equal(by_p, [2.0, 1.0])
    assert "import jax.numpy as jnp\n" in program.source
