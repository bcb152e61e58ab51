"""Train an LSTM to predict the next character of Python's help texts, and let it write some."""

import argparse
import math
from pydoc_data import topics
from typing import Any

import numpy as np
from tqdm import tqdm

from nn import LSTM, Embedding, Linear, Module, cross_entropy
from optim import Adam, batches, clip_gradients

WINDOW = 64  # characters that the model is trained on at a stretch


class CharacterModel(Module):
    """Logits for the character after each one, from all that came before."""

    def __init__(self, alphabet: str, hidden: int, rng: np.random.Generator) -> None:
        self.alphabet = alphabet
        self.embedding = Embedding(len(alphabet), 32, seed=rng, dtype=np.float32)
        self.lstm = LSTM(32, hidden, batch_first=True, seed=rng, dtype=np.float32)
        self.head = Linear(hidden, len(alphabet), seed=rng, dtype=np.float32)

    def forward(self, codes: np.ndarray, state: Any = None) -> tuple[Any, Any]:
        outputs, state = self.lstm(self.embedding(codes), state)
        return self.head(outputs), state

    def encode(self, text: str) -> np.ndarray:
        """The place of each character in the alphabet."""
        places = {character: place for place, character in enumerate(self.alphabet)}
        return np.array([places[character] for character in text])


def windows(codes: np.ndarray) -> np.ndarray:
    """Stretches of the text as rows, each with the character that follows it."""
    starts = np.arange(0, len(codes) - WINDOW, WINDOW)
    return codes[starts[:, None] + np.arange(WINDOW + 1)]


def bits_per_character(model: CharacterModel, rows: np.ndarray) -> float:
    """The bits that the next character takes, by the model's probabilities, on average."""
    total = 0.0
    for part in np.array_split(rows, -(-len(rows) // 256)):
        logits, _ = model.predict(part[:, :-1])
        total += cross_entropy(logits, part[:, 1:]) * len(part)
    return total / len(rows) / math.log(2)


def train(model: CharacterModel, rows: np.ndarray, epochs: int, seed: int) -> None:
    """Some epochs of Adam over the windows, in batches of 32."""
    optimizer = Adam(model.parameters(), lr=0.005)
    draw = batches(rows, batch_size=32, seed=seed)
    for epoch in range(1, epochs + 1):
        progress = tqdm(draw, desc=f"epoch {epoch}", unit="batch")
        for (batch,) in progress:
            optimizer.zero_grad()
            logits, _ = model(batch[:, :-1])
            loss = cross_entropy(logits, batch[:, 1:])
            loss.backward()
            clip_gradients(model.parameters(), norm=1.0)
            optimizer.step()
            progress.set_postfix(bits=f"{loss.item() / math.log(2):.2f}")


def write(model: CharacterModel, start: str, length: int, rng: np.random.Generator) -> str:
    """Text that goes on from a start, each character drawn by the model's probabilities."""
    text = start
    logits, state = model.predict(model.encode(start)[None])
    for _ in range(length):
        powers = np.exp(logits[0, -1] - logits[0, -1].max(), dtype=np.float64)
        code = rng.choice(len(powers), p=powers / powers.sum())
        text += model.alphabet[code]
        logits, state = model.predict(np.array([[code]]), state)
    return text


def main() -> None:
    """Train on most of the text, test on the rest, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--characters", type=int, help="how much of the text is read; default all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = "\n".join(topics.topics[name] for name in sorted(topics.topics))[: options.characters]
    rng = np.random.default_rng(options.seed)
    model = CharacterModel("".join(sorted(set(text))), options.hidden, rng)
    rows = windows(model.encode(text))
    rows, held_out = rows[: -len(rows) // 10], rows[-len(rows) // 10 :]
    before = bits_per_character(model, held_out)
    train(model, rows, options.epochs, options.seed)
    after = bits_per_character(model, held_out)
    print(f"The {held_out.size:,} characters that are held out take {before:.2f} bits each before")
    print(f"training and {after:.2f} after it. The model goes on from `The `:\n")
    print(write(model, "The ", 400, rng))


if __name__ == "__main__":
    main()
