"""Draw the classic sigmoid neuron, with every local gradient."""

import argparse

import viz
from autodiff import Value, exp


def neuron() -> Value:
    """f = 1 / (1 + exp(-dot)), spelled out, at the numbers that textbooks use."""
    w0, w1, w2 = Value(2.0, name="w0"), Value(-3.0, name="w1"), Value(-3.0, name="w2")
    x0, x1 = Value(-1.0, name="x0"), Value(-2.0, name="x1")
    dot = w0 * x0 + w1 * x1 + w2
    f = 1 / (1 + exp(-dot))
    f.name = "f"
    return f


def main() -> None:
    """Backpropagate, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", nargs="?", default="neuron.svg", help="an svg, png or pdf file")
    path = parser.parse_args().output
    f = neuron()
    f.backward()
    viz.save(f, path)
    print(f"The neuron, f = {f.data:.4f}, is drawn in {path}")


if __name__ == "__main__":
    main()
