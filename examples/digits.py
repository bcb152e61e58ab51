"""Train a sigmoid network on 1,797 real handwritten digits, and picture how it went."""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import viz
from nn import Linear, Sequential, Sigmoid, cross_entropy
from optim import SGD, train


def main() -> None:
    """Train, test, and save the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=Path("pictures"), help="folder for the pictures"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    digits, rng = load_digits(), np.random.default_rng(options.seed)
    X, X_test, y, y_test, _, images = train_test_split(
        digits.data / 16, digits.target, digits.images,
        test_size=0.2, random_state=options.seed, stratify=digits.target,
    )  # fmt: skip
    model = Sequential(Linear(64, 64, seed=rng), Sigmoid(), Linear(64, 10, seed=rng))
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    history = train(
        model, cross_entropy, (X, y), optimizer, epochs=options.epochs, batch_size=32,
        metrics="accuracy", validation=(X_test, y_test), seed=options.seed, progress=True,
    )  # fmt: skip

    right = history.epochs["validation_accuracy"][-1]
    print(f"{right:.1%} of {len(y_test)} unseen digits are read right.")
    viz.loss_curve(history, options.out / "digits-loss.png")
    viz.confusion(model, X_test, y_test, options.out / "digits-confusion.png")
    viz.mistakes(model, X_test, y_test, options.out / "digits-mistakes.png", images=images)
    print(f"The pictures are in {options.out}: digits-loss.png, -confusion.png and -mistakes.png.")


if __name__ == "__main__":
    main()
