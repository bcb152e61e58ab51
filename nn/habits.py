"""What PyTorch's modules, and its `nn` itself, have by other names: each is answered by our own."""

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

_OF_ONES_OWN = "write a Module of your own, which says in `forward` what it computes"
_A_LIST = "assign a plain list as an attribute, in which parameters are found as well"
_A_DICT = "assign a plain dict as an attribute, in which parameters are found as well"

# Names in `torch.nn`, its functions among them.
NAMES = {
    "BCELoss": "it is the function `nn.binary_cross_entropy` here",
    "BCEWithLogitsLoss": "it is the function `nn.binary_cross_entropy_with_logits` here",
    "Bilinear": _OF_ONES_OWN,
    "Conv1d": _OF_ONES_OWN,
    "Conv3d": _OF_ONES_OWN,
    "CrossEntropyLoss": "it is the function `nn.cross_entropy` here",
    "GroupNorm": _OF_ONES_OWN,
    "HuberLoss": "it is the function `nn.huber` here",
    "Identity": "leave it out, or write `lambda x: x`",
    "KLDivLoss": "it is the operation `autodiff.kl_div` here",
    "L1Loss": "it is the function `nn.l1` here",
    "LogSigmoid": "put the operation `autodiff.log_sigmoid` in its place",
    "LogSoftmax": "put the operation `autodiff.log_softmax` in its place",
    "MSELoss": "it is the function `nn.mse` here",
    "ModuleDict": _A_DICT,
    "ModuleList": _A_LIST,
    "MultiheadAttention": "it is `nn.MultiHeadAttention` here",
    "NLLLoss": "it is the function `nn.nll` here",
    "Parameter": "assign an `autodiff.Tensor` as an attribute, and it is one",
    "ParameterDict": _A_DICT,
    "ParameterList": _A_LIST,
    "SELU": "put the operation `autodiff.selu` in its place",
    "SmoothL1Loss": "it is the function `nn.huber` here, divided by its delta",
    "Softsign": "put the operation `autodiff.soft_sign` in its place",
    "Transformer": _OF_ONES_OWN,
    "functional": "activations are operations, as `autodiff.relu`, and losses as `nn.mse`",
    "huber_loss": "it is `nn.huber` here",
    "init": "see `nn.initialisers`",
    "l1_loss": "it is `nn.l1` here",
    "mse_loss": "it is `nn.mse` here",
    "nll_loss": "it is `nn.nll` here",
    "utils": "see `optim.clip_gradients`, and `autodiff.ravel_tree` for one vector",
}
