"""What the packages show: the public names, and what is built on the engine by its face alone."""

import ast
import builtins
import subprocess
import sys
from types import ModuleType

import pytest
from imports import FILES, imports_of

import autodiff
import autodiff.extend
from autodiff.primitives.registry import registry

CORE = {
    "Tensor", "TraceError", "Value", "compile", "derive", "detect_anomaly", "elementwise", "grad",
    "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "local_gradients", "no_grad",
    "primitive", "ravel_tree", "tensor", "value_and_grad", "vjp",
}  # fmt: skip
FACES = ("autodiff", "autodiff.extend", "autodiff.testing")
BUILT_ON_IT = [name for name in FILES if name.partition(".")[0] in ("nn", "optim", "viz")]


def test_the_public_names_are_the_core_and_the_public_operations():
    public = {n: o for n, o in registry.operations.items() if o.public}
    ours = {n for n, o in public.items() if o.rule.__module__.startswith("autodiff.")}
    assert set(dir(autodiff)) == CORE | ours
    assert dir(autodiff) == sorted(dir(autodiff))


def test_a_star_import_leaves_pythons_own_functions_alone():
    starred = {}
    exec("from autodiff import *", starred)
    pythons = set(dir(builtins)) & set(dir(autodiff))
    assert {"abs", "any", "max", "sum"} <= pythons
    assert not pythons & starred.keys()
    assert starred.keys() - {"__builtins__"} == set(dir(autodiff)) - pythons
    for name in pythons:
        assert getattr(autodiff, name) is not getattr(builtins, name)


def test_no_stranger_stands_in_the_namespace():
    code = (
        "import autodiff\n"
        "from types import ModuleType\n"
        "for n, thing in vars(autodiff).items():\n"
        "    known = n in dir(autodiff) or n.startswith('_')\n"
        "    if not known and not isinstance(thing, ModuleType): print(n)\n"
        "before = set(globals())\n"
        "from autodiff import *\n"
        "assert set(globals()) - before - {'before'} == set(autodiff.__all__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", autodiff.extend.__all__)
def test_what_can_be_built_on_is_there_and_named_in_the_docstring(name):
    thing = getattr(autodiff.extend, name)
    assert not isinstance(thing, ModuleType)
    assert name in autodiff.extend.__doc__ or name == "Primitive"


@pytest.mark.parametrize("module", BUILT_ON_IT)
def test_what_is_built_on_the_engine_uses_its_face_alone(module):
    path = FILES[module]
    for name in imports_of(module, path):
        if name.partition(".")[0] == "autodiff":
            assert name in FACES or name.rpartition(".")[0] in FACES
            assert not name.rpartition(".")[2].startswith("_")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            assert own or node.attr.endswith("__"), f"{path}:{node.lineno} {node.attr}"
