"""What PyTorch's `optim`, and what is used beside it, have by other names: answered by our own."""

from __future__ import annotations

_OPTIMISER = "write an optimiser of your own, of ten lines, as `optim.Optimizer` shows"
_SCHEDULE = "write a schedule of your own, as `optim.schedules.Schedule` shows"

NAMES = {
    **dict.fromkeys(("ASGD", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop"), _OPTIMISER),
    **{
        name: f"it is `optim.schedules.{name}` here"
        for name in (
            "CosineAnnealingLR", "ExponentialLR", "LinearLR", "ReduceLROnPlateau", "SequentialLR",
            "StepLR",
        )
    },
    "DataLoader": "it is `optim.batches` here",
    "clip_grad_norm_": "it is `optim.clip_gradients`, with `norm`, here",
    "clip_grad_value_": "it is `optim.clip_gradients`, with `value`, here",
    "lr_scheduler": "it is `optim.schedules` here",
}  # fmt: skip

SCHEDULES = dict.fromkeys(
    (
        "ConstantLR", "CosineAnnealingWarmRestarts", "CyclicLR", "LambdaLR", "MultiStepLR",
        "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    ),
    _SCHEDULE,
)  # fmt: skip
