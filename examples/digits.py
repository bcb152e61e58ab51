"""Train a sigmoid network on 1,797 real handwritten digits, and picture how it went."""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # pictures go to files: no screen is needed

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from tqdm import trange

from autodiff import no_grad
from nn import Linear, Module, Sequential, Sigmoid, cross_entropy
from optim import SGD, batches


def data(seed: int) -> list[np.ndarray]:
    """Training images, test images (a fifth), and their labels; pixels are scaled to [0, 1]."""
    images, labels = load_digits(return_X_y=True)
    parts: list[np.ndarray] = train_test_split(
        images / 16.0, labels, test_size=0.2, random_state=seed, stratify=labels
    )
    return parts


def train(model: Module, X: np.ndarray, y: np.ndarray, epochs: int, seed: int) -> list[float]:
    """The mean loss of each epoch of stochastic gradient descent."""
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    draw = batches(X, y, batch_size=32, seed=seed)
    losses = []
    with trange(epochs, desc="training", unit="epoch") as progress:
        for _ in progress:
            total = 0.0
            for images, labels in draw:
                optimizer.zero_grad()
                loss = cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(labels)
            losses.append(total / len(X))
            progress.set_postfix(loss=f"{losses[-1]:.4f}")
    return losses


def predict(model: Module, X: np.ndarray) -> np.ndarray:
    """The most probable digit for each image."""
    with no_grad():
        return np.argmax(model(X).data, axis=1)


def save_loss_curve(losses: list[float], path: Path) -> None:
    """The loss over the epochs, on a logarithmic scale."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(range(1, len(losses) + 1), losses, color="#0b5cad", linewidth=2)
    axes.set(xlabel="epoch", ylabel="cross entropy on the training images", yscale="log")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def save_confusion(truth: np.ndarray, found: np.ndarray, path: Path) -> None:
    """How often each digit was read as each other one."""
    figure, axes = plt.subplots(figsize=(6, 6), layout="constrained")
    shown = ConfusionMatrixDisplay.from_predictions(
        truth, found, cmap="Blues", colorbar=False, ax=axes
    )
    for count in shown.text_.ravel():
        count.set_visible(count.get_text() != "0")
    right = f"{np.mean(truth == found):.1%} of {len(truth)} unseen digits are read right"
    axes.set(xlabel="read as", ylabel="digit", title=right)
    figure.savefig(path, dpi=150)
    plt.close(figure)


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
    rng = np.random.default_rng(options.seed)
    X, X_test, y, y_test = data(options.seed)
    model = Sequential(Linear(64, 64, seed=rng), Sigmoid(), Linear(64, 10, seed=rng))
    losses = train(model, X, y, options.epochs, options.seed)
    found = predict(model, X_test)
    curve, confusion = options.out / "digits-loss.png", options.out / "digits-confusion.png"
    save_loss_curve(losses, curve)
    save_confusion(y_test, found, confusion)
    print(f"{np.mean(found == y_test):.1%} of {len(y_test)} unseen digits are read right.")
    print(f"The loss curve is in {curve}, the confusion matrix in {confusion}")


if __name__ == "__main__":
    main()
