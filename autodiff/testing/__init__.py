"""Check gradients: yours and the engine's, against oracles that share no code with them."""

from .check import check_gradients as check_gradients
from .oracles import Estimate as Estimate
from .oracles import OneSided as OneSided
from .oracles import adjoint_gap as adjoint_gap
from .oracles import complex_step as complex_step
from .oracles import finite_differences as finite_differences
from .oracles import one_sided_differences as one_sided_differences
from .oracles import taylor_order as taylor_order
from .report import GradientError as GradientError
from .report import Kink as Kink
from .report import Report as Report
from .scratch import temporary_operations as temporary_operations
