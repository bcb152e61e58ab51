"""Try an installed wheel: import everything, differentiate, draw, and check what it ships."""

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import autodiff
import nn
import optim
import viz

for package in (autodiff, nn, optim, viz):
    where = Path(str(package.__file__)).resolve()
    if Path(sys.prefix).resolve() not in where.parents:
        sys.exit(f"{package.__name__} comes from {where}, not from the wheel")
    if not resources.files(package).joinpath("py.typed").is_file():
        sys.exit(f"{package.__name__} ships no py.typed")

script = autodiff.derive(autodiff.logaddexp, 1.0, 2.0, engine="javascript").script
if "function logaddexp(a, b)" not in script:
    sys.exit(f"a program in JavaScript is not whole:\n{script}")

if not resources.files("viz.serving").joinpath("bench.js").is_file():
    sys.exit("the bench ships no page")

os.environ["PATH"] = "/nowhere"  # no dot program: the wheel of the extra draws
command = [sys.executable, "-m", "viz", "sigmoid(w*x + b)", "w=2", "x=-1", "b=0.5", "-o", "f.svg"]
done = subprocess.run(command, capture_output=True, text=True, check=True)
if done.stderr or "0.182426" not in done.stdout or b"<svg" not in Path("f.svg").read_bytes():
    sys.exit(f"the command line gave:\n{done.stdout}{done.stderr}")
viz.save(autodiff.tanh(autodiff.Value(0.5)), "f.html")
if "</html>" not in Path("f.html").read_text(encoding="utf-8"):
    sys.exit("the page is not whole")
shown = autodiff.tanh(autodiff.Value(0.5))._repr_mimebundle_()
if not shown.keys() >= {"text/plain", "text/html", "image/svg+xml"}:
    sys.exit(f"a notebook would show of a graph no more than:\n{shown['text/plain']}")
print("The wheel imports, differentiates and draws.")
