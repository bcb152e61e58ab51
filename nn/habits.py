"""What PyTorch's modules have by other names: each is answered by our own."""

from __future__ import annotations

ATTRIBUTES = {
    "add_module": "assign the module as an attribute, or put it into a list that is one",
    "append": "put the module into `layers`",
    "apply": "write `for module in model.modules(): ...`",
    "bfloat16": "it is `.astype(np.float16)` or `.astype(np.float32)` here",
    "children": "`.modules()` has all that are inside, and this one",
    "cpu": "leave it out, since arrays are in this machine's memory",
    "cuda": "a program runs on one by `compile(f, engine='jax')`",
    "double": "it is `.astype(np.float64)` here",
    "extra_repr": "it is `.describe()` here",
    "flatten_parameters": "leave it out, since there is no other layout to bring them into",
    "float": "it is `.astype(np.float32)` here",
    "half": "it is `.astype(np.float16)` here",
    "named_children": "`.named_modules()` has all that are inside, and this one",
    "register_module": "assign the module as an attribute, or put it into a list that is one",
    "register_parameter": "assign a Tensor as an attribute",
    "requires_grad_": "it is `.freeze()` here, and `.freeze(False)`",
    "to": "it is `.astype(dtype)` here; for a device see `compile(f, engine='jax')`",
    "type": "it is `.astype(dtype)` here",
}
