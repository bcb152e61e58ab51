"""Shapes: axes that are added and taken away in the middle."""

import numpy as np
from agreement import differences_agree


def test_an_axis_taken_out_of_the_middle():
    differences_agree(lambda x: np.squeeze(x, 1), np.arange(6.0).reshape(2, 1, 3))
    differences_agree(lambda x: np.squeeze(x), np.arange(3.0).reshape(1, 3, 1))
    differences_agree(lambda x: np.expand_dims(x, (1, 3)), np.arange(6.0).reshape(2, 3))
