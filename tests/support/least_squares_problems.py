"""Test problems of J. Moré, B. Garbow and K. Hillstrom, "Testing unconstrained optimization
software", ACM Transactions on Mathematical Software 7 (1981), 17-41, by their numbers there.

Each is a sum of squares, written for arrays and Tensors, with its standard start and the minima
that the paper lists and that are not at infinity. It has six digits of each, with which all of
these agree.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import autodiff as ad


class Problem(NamedTuple):
    """Residuals, a start, and the minima of the sum of the residuals' squares."""

    residuals: Callable[[Any], Any]
    start: list[float]
    minima: tuple[float, ...] = (0.0,)

    def loss(self, x):
        r = self.residuals(x)
        return (r * r).sum()


def count(n):
    """1, 2, ..., n."""
    return np.arange(1.0, n + 1)


def rosenbrock(x):  # 1, and 21 of more numbers
    return ad.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def freudenstein_roth(x):  # 2
    a, b = x[0], x[1]
    first = -13 + a + ((5 - b) * b - 2) * b
    return ad.stack([first, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x):  # 3
    return ad.stack([1e4 * x[0] * x[1] - 1, ad.exp(-x).sum() - 1.0001])


def brown_badly_scaled(x):  # 4
    return ad.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x):  # 5
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - ad.stack([x[1], x[1] ** 2, x[1] ** 3]))


def jennrich_sampson(x):  # 6
    i = count(10)
    return 2 + 2 * i - (ad.exp(i * x[0]) + ad.exp(i * x[1]))


def helical_valley(x):  # 7
    turn = ad.arctan(x[1] / x[0]) / (2 * math.pi) + 0.5 * ad.less(x[0], 0)
    return ad.stack([10 * (x[2] - 10 * turn), 10 * (ad.hypot(x[0], x[1]) - 1), x[2]])


BARD = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
)


def bard(x):  # 8
    u, v = count(15), 16 - count(15)
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSSIAN = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])


def gaussian(x):  # 9
    t, y = (8 - count(15)) / 2, np.concatenate([GAUSSIAN, GAUSSIAN[-2::-1]])
    return x[0] * ad.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


MEYER = np.array(
    [
        34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427,
        3820, 3307, 2872,
    ]
)  # fmt: skip


def meyer(x):  # 10
    return x[0] * ad.exp(x[1] / (45 + 5 * count(16) + x[2])) - MEYER


def box(x):  # 12
    t = 0.1 * count(10)
    return ad.exp(-t * x[0]) - ad.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):  # 13, and 22 of more numbers
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    linear = [a + 10 * b, math.sqrt(5) * (c - d)]
    return ad.concatenate([*linear, (b - 2 * c) ** 2, math.sqrt(10) * (a - d) ** 2])


def wood(x):  # 14
    a, b, c, d = x[0], x[1], x[2], x[3]
    valleys = [10 * (b - a**2), 1 - a, math.sqrt(90) * (d - c**2), 1 - c]
    return ad.stack([*valleys, math.sqrt(10) * (b + d - 2), (b - d) / math.sqrt(10)])


KOWALIK = np.array(
    [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
)
DOSES = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x):  # 15
    return KOWALIK - x[0] * (DOSES**2 + DOSES * x[1]) / (DOSES**2 + DOSES * x[2] + x[3])


def brown_dennis(x):  # 16
    t = count(20) / 5
    waves = (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + waves


OSBORNE_1 = np.array(
    [
        0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685,
        0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448,
        0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
    ]
)  # fmt: skip


def osborne_1(x):  # 17
    t = 10 * (count(33) - 1)
    return OSBORNE_1 - (x[0] + x[1] * ad.exp(-t * x[3]) + x[2] * ad.exp(-t * x[4]))


def biggs(x):  # 18
    t = 0.1 * count(13)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    found = x[2] * ad.exp(-t * x[0]) - x[3] * ad.exp(-t * x[1]) + x[5] * ad.exp(-t * x[4])
    return found - y


OSBORNE_2 = np.array(
    [
        1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
        0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
        0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
        0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
        0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
    ]
)  # fmt: skip


def osborne_2(x):  # 19
    t = (count(65) - 1) / 10
    bells = [x[i] * ad.exp(-x[i + 4] * (t - x[i + 7]) ** 2) for i in (1, 2, 3)]
    return OSBORNE_2 - (x[0] * ad.exp(-x[4] * t) + bells[0] + bells[1] + bells[2])


def watson(x):  # 20
    n, t = len(x), count(29)[:, None] / 29
    powers = t ** np.arange(n)
    slopes = np.arange(1, n) * powers[:, :-1]
    rows = slopes @ x[1:] - (powers @ x) ** 2 - 1
    return ad.concatenate([rows, x[:1], x[1:2] - x[:1] ** 2 - 1])


def penalty_1(x):  # 23
    return ad.concatenate([math.sqrt(1e-5) * (x - 1), ad.reshape((x * x).sum() - 0.25, (1,))])


def penalty_2(x):  # 24
    n = len(x)
    i, e = count(n), ad.exp(x / 10)
    y = np.exp(i[1:] / 10) + np.exp(i[:-1] / 10)
    inner = [e[1:] + e[:-1] - y, e[1:] - math.exp(-0.1)]
    last = ad.reshape(((n - i + 1) * x * x).sum() - 1, (1,))
    return ad.concatenate([x[:1] - 0.2, *[math.sqrt(1e-5) * part for part in inner], last])


def variably_dimensioned(x):  # 25
    total = ad.reshape((count(len(x)) * (x - 1)).sum(), (1,))
    return ad.concatenate([x - 1, total, total**2])


def trigonometric(x):  # 26
    n = len(x)
    return n - ad.cos(x).sum() + count(n) * (1 - ad.cos(x)) - ad.sin(x)


def brown_almost_linear(x):  # 27
    n = len(x)
    return ad.concatenate([x[:-1] + x.sum() - (n + 1), ad.reshape(ad.prod(x) - 1, (1,))])


def boundary_value(x):  # 28
    n = len(x)
    h, around = 1 / (n + 1), ad.pad(x, 1)
    return 2 * x - around[:-2] - around[2:] + h**2 * (x + h * count(n) + 1) ** 3 / 2


def broyden_tridiagonal(x):  # 30
    around = ad.pad(x, 1)
    return (3 - 2 * x) * x - around[:-2] - 2 * around[2:] + 1


def broyden_banded(x):  # 31
    n = len(x)
    near = np.array([[j != i and -5 <= j - i <= 1 for j in range(n)] for i in range(n)]) * 1.0
    return x * (2 + 5 * x**2) + 1 - near @ (x * (1 + x))


def chebyquad(x):  # 35
    n, y = len(x), 2 * x - 1
    before, this, rows = y * 0 + 1, y, []
    for i in range(1, n + 1):
        rows.append(this.sum() / n + (0 if i % 2 else 1 / (i * i - 1)))
        before, this = this, 2 * y * this - before
    return ad.stack(rows)


PROBLEMS = {
    "Rosenbrock": Problem(rosenbrock, [-1.2, 1]),
    "Freudenstein and Roth": Problem(freudenstein_roth, [0.5, -2], (0.0, 48.98425367924)),
    "Powell badly scaled": Problem(powell_badly_scaled, [0, 1]),
    "Brown badly scaled": Problem(brown_badly_scaled, [1, 1]),
    "Beale": Problem(beale, [1, 1]),
    "Jennrich and Sampson": Problem(jennrich_sampson, [0.3, 0.4], (124.3621823556148,)),
    "helical valley": Problem(helical_valley, [-1, 0, 0]),
    "Bard": Problem(bard, [1, 1, 1], (8.2148773065790e-3,)),
    "Gaussian": Problem(gaussian, [0.4, 1, 0], (1.12793276962e-8,)),
    "Meyer": Problem(meyer, [0.02, 4000, 250], (87.9458551707,)),
    "Box 3-d": Problem(box, [0, 10, 20]),
    "Powell singular": Problem(powell_singular, [3, -1, 0, 1]),
    "Wood": Problem(wood, [-3, -1, -3, -1]),
    "Kowalik and Osborne": Problem(
        kowalik_osborne, [0.25, 0.39, 0.415, 0.39], (3.075056038492372e-4,)
    ),
    "Brown and Dennis": Problem(brown_dennis, [25, 5, -5, -1], (85822.20162635631,)),
    "Osborne 1": Problem(osborne_1, [0.5, 1.5, -1, 0.01, 0.02], (5.46489469748e-5,)),
    "Biggs EXP6": Problem(biggs, [1, 2, 1, 1, 1, 1], (5.655649925500e-3, 0.0)),
    "Osborne 2": Problem(
        osborne_2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], (4.013773629354774e-2,)
    ),
    "Watson of 6": Problem(watson, [0] * 6, (2.287670053552366e-3,)),
    "Watson of 9": Problem(watson, [0] * 9, (1.3997601381e-6,)),
    "Rosenbrock of 10": Problem(rosenbrock, [-1.2, 1] * 5),
    "Powell singular of 8": Problem(powell_singular, [3, -1, 0, 1] * 2),
    "Penalty I of 4": Problem(penalty_1, [1, 2, 3, 4], (2.24997750089994e-5,)),
    "Penalty I of 10": Problem(penalty_1, [*range(1, 11)], (7.0876514670904e-5,)),
    "Penalty II of 4": Problem(penalty_2, [0.5] * 4, (9.3762930073554e-6,)),
    "Penalty II of 10": Problem(penalty_2, [0.5] * 10, (2.93660537456747e-4,)),
    "variably dimensioned": Problem(variably_dimensioned, [1 - j / 10 for j in range(1, 11)]),
    "trigonometric": Problem(trigonometric, [0.1] * 10, (0.0, 2.79505612188e-5)),
    "Brown almost linear": Problem(brown_almost_linear, [0.5] * 10, (0.0, 1.0)),
    "boundary value": Problem(
        boundary_value, [t * (t - 1) for t in (j / 11 for j in range(1, 11))]
    ),
    "Broyden tridiagonal": Problem(broyden_tridiagonal, [-1] * 10),
    "Broyden banded": Problem(broyden_banded, [-1] * 10),
    "Chebyquad of 8": Problem(chebyquad, [j / 9 for j in range(1, 9)], (3.5168737256779e-3,)),
    "Chebyquad of 10": Problem(chebyquad, [j / 11 for j in range(1, 11)], (6.5039548008823e-3,)),
}
