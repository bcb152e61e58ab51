"""What a package that builds on the engine may use: nn, optim and viz use nothing else of it.

Messages and settings: `describe`, `is_count`, `is_number`, `check_switches`, `Seed`; `warn_user`
for a warning that names the user's line.
Files that are replaced whole or not at all: `replacing`. A nested state of dicts, lists, numbers
and arrays in a file: `write_archive` and `read_archive`.
Nested lists, tuples and dicts: `leaves`, `tree_map`, `unflatten`, and `leaves_like`, which checks
that one tree is like another.
A graph: `topological` for its nodes, operands first; `operands_of` for what a node was computed
from; `formula_text`, `operation_text`, `settings_text` and `edge_texts` for how it is written;
`noting` and `note_of` for what is noted of each node as it is made, and `as_made` for their order;
`pull_edges` for what flows back along each edge; `pull_through` for a pass through a part of it and
`jacobian_rows` for its Jacobian, of which no `grad` knows; `data_of` for what is in a node;
`recomputed` for what its operation gives of other inputs.
The operations: `operation(name)` for one, a `Primitive`, `operations()` for all; `OPERATORS`, how
Python's own are written and computed.
For an optimiser, without a copy: a leaf's `data` is read, `gradient_of` reads its gradient (None
where no backward pass has come), `set_gradient` gives it one, and `descend` moves it.
`is_users_own` says whether a node is a leaf that the user made; `set_owners` notes whose parameter
it is, and `owners_of` reads that.
`answering` is a module's `__getattr__` that answers the names of other libraries.
`Program` and `Compiled` are what `derive` and `compile` give.
`mimebundle` is the method `_repr_mimebundle_` of what shows itself in a notebook, by viz.
`Curvature` has the second derivatives of a recorded loss by leaves: its Hessian, and products.

>>> from autodiff import Value
>>> from autodiff.extend import descend, gradient_of, topological
>>> w = Value(3.0, name="w")
>>> loss = w * w
>>> [node.op for node in topological(loss)]
[None, 'mul']
>>> loss.backward()
>>> descend(w, 0.5 * gradient_of(w))
>>> w.data
0.0
"""

from .graph.habits import answering
from .graph.leaf import descend, gradient_of, owners_of, set_gradient, set_owners
from .graph.messages import describe
from .graph.node import data_of, is_users_own, operands_of
from .graph.notes import note_of, noting
from .graph.order import as_made, topological
from .primitives.apply import recomputed
from .primitives.labels import edge_texts, formula_text, operation_text, settings_text
from .primitives.primitive import Primitive, operation, operations
from .programs.compile import Compiled
from .programs.program import Program
from .support.archive import read_archive, write_archive
from .support.files import replacing
from .support.frames import warn_user
from .support.notebook import mimebundle
from .support.settings import Seed, check_switches, is_count, is_number
from .support.syntax import OPERATORS
from .support.tree import leaves, tree_map, unflatten
from .transforms.backward import pull_edges
from .transforms.curvature import Curvature
from .transforms.regions import jacobian_rows, pull_through
from .transforms.tape import leaves_like

__all__ = [
    "OPERATORS",
    "Compiled",
    "Curvature",
    "Primitive",
    "Program",
    "Seed",
    "answering",
    "as_made",
    "check_switches",
    "data_of",
    "descend",
    "describe",
    "edge_texts",
    "formula_text",
    "gradient_of",
    "is_count",
    "is_number",
    "is_users_own",
    "jacobian_rows",
    "leaves",
    "leaves_like",
    "mimebundle",
    "note_of",
    "noting",
    "operands_of",
    "operation",
    "operation_text",
    "operations",
    "owners_of",
    "pull_edges",
    "pull_through",
    "read_archive",
    "recomputed",
    "replacing",
    "set_gradient",
    "set_owners",
    "settings_text",
    "topological",
    "tree_map",
    "unflatten",
    "warn_user",
    "write_archive",
]  # fmt: skip
