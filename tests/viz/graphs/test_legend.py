"""Footnotes of a picture: where a leaf holds another gradient than that of the pass."""

from drawn import cards_of

import viz
from autodiff import Value


def test_a_footnote_says_where_a_leaf_holds_another_gradient():
    x, y, z = (Value(v, name=n) for v, n in ((3.0, "x"), (5.0, "y"), (1.0, "z")))
    f = x * y * z
    f.backward()
    x.grad = 10.0
    y.zero_grad()
    source = viz.draw(f).source
    assert "* of this one backward pass; x.grad is 10<" in source
    assert source.count("*</FONT>") == 1
    f.backward()  # leaves add up over passes, inner nodes do not
    source = viz.draw(f).source
    assert "x.grad is 15, z.grad is 30<" in source  # y has had one pass
    assert cards_of(viz.draw(f))["x"] == ["3", "5*"]
    assert "grad is" not in viz.draw(f, detail="values").source


def test_many_footnotes_are_counted():
    leaves = [Value(float(i), name=f"x{i}") for i in range(6)]
    f = sum(leaves[1:], leaves[0])
    for leaf in leaves:
        leaf.grad = 7.0
    assert "x2.grad is 7, and 3 more differ" in viz.draw(f).source
