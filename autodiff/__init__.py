"""Record a computation, backpropagate through it, and show its derivative.

>>> import autodiff as ad
>>> w, x = ad.Value(2.0, name="w"), ad.Value(-1.0, name="x")
>>> f = ad.sigmoid(w * x)
>>> f.backward()
>>> round(w.grad, 4), round(x.grad, 4)
(-0.105, 0.21)
"""

from . import protocols as _protocols
from .activations import *
from .anomaly import detect_anomaly as detect_anomaly
from .calculus import *
from .compile import compile as compile
from .declare import COMPOSITES, INTERNAL, PLAIN
from .declare import elementwise as elementwise
from .declare import primitive as primitive
from .decompositions import *
from .derive import derive as derive
from .entropy import *
from .indexing import *
from .joining import *
from .linalg import *
from .memory import keep_freed_memory as _keep_freed_memory
from .modes import no_grad as no_grad
from .norms import *
from .ops import *
from .primitive import REGISTRY
from .products import *
from .questions import *
from .reductions import *
from .rounding import *
from .shapes import *
from .special import *
from .statistics import *
from .tensor import Tensor as Tensor
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacobian as jacobian
from .transforms import jvp as jvp
from .transforms import local_gradients as local_gradients
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp
from .trigonometry import *
from .value import Value as Value

_CORE = (
    "Tensor", "Value", "compile", "derive", "detect_anomaly", "elementwise", "grad", "hessian",
    "hvp", "jacobian", "jvp", "local_gradients", "no_grad", "primitive", "value_and_grad", "vjp",
)  # fmt: skip


def __dir__() -> list[str]:
    public = {*_CORE, *REGISTRY, *PLAIN, *COMPOSITES} - INTERNAL
    return sorted(public & globals().keys())


_protocols.install()
_keep_freed_memory()
