// What NumPy and Python compute of numbers and JavaScript has no function for.
// A program takes from here what it calls: each function stands alone, or calls others of these.

function isinf(x) {
    return Math.abs(x) == Infinity;
}

function isposinf(x) {
    return x == Infinity;
}

function isneginf(x) {
    return x == -Infinity;
}

function signbit(x) {
    return x < 0 || Object.is(x, -0);
}

function sign(x) {
    return x == x ? (x > 0) - (x < 0) : NaN;
}

function copysign(a, b) {
    return signbit(b) ? -Math.abs(a) : Math.abs(a);
}

function heaviside(x, at_zero) {
    return x < 0 ? 0 : x > 0 ? 1 : x == 0 ? at_zero : NaN;
}

function fmax(a, b) {
    return a >= b || b != b ? a : b;
}

function fmin(a, b) {
    return a <= b || b != b ? a : b;
}

function clip(x, low, high) {
    return Math.min(Math.max(x, low), high);
}

function nan_to_num(x, nan = 0, posinf = Number.MAX_VALUE, neginf = -Number.MAX_VALUE) {
    return x != x ? nan : x == Infinity ? posinf : x == -Infinity ? neginf : x;
}

function rint(x) {
    // Math.round takes a tie upwards, this to the even neighbour.
    const above = Math.round(x);
    return Math.abs(x % 1) == 0.5 && above % 2 ? above - 1 : above;
}

function round(x, decimals = 0) {
    const unit = 10 ** Math.abs(decimals);
    return decimals < 0 ? rint(x / unit) * unit : rint(x * unit) / unit;
}

function remainder(a, b) {
    // With the sign of b, where % has that of a.
    const rest = a % b;
    return rest == 0 ? copysign(0, b) : rest < 0 != b < 0 ? rest + b : rest;
}

function floor_divide(a, b) {
    if (b == 0 || a != a || b != b) {
        return a / b;
    }
    const rest = a % b;
    const quotient = (a - rest) / b - (rest != 0 && rest < 0 != b < 0);
    if (quotient == 0) {
        return copysign(0, a / b);
    }
    const whole = Math.floor(quotient);
    return whole + (quotient - whole > 0.5);
}

function fmod(a, b) {
    return a % b;
}

function square(x) {
    return x * x;
}

function reciprocal(x) {
    return 1 / x;
}

function pow(a, b) {
    // 1 to any power is 1, to one that is not a number, too, and (-1) ** Infinity.
    return a == 1 || (a == -1 && isinf(b)) ? 1 : a ** b;
}

function exp2(x) {
    return 2 ** x;
}

function ldexp(x, n) {
    const half = Math.trunc(n / 2);
    return x * 2 ** half * 2 ** (n - half);
}

function logaddexp(a, b) {
    const gap = a - b;
    if (a == b) {
        return a + Math.LN2;
    }
    return gap > 0 ? a + Math.log1p(Math.exp(-gap)) : b + Math.log1p(Math.exp(gap));
}

function logaddexp2(a, b) {
    const gap = a - b;
    if (a == b) {
        return a + 1;
    }
    return gap > 0
        ? a + Math.LOG2E * Math.log1p(2 ** -gap)
        : b + Math.LOG2E * Math.log1p(2 ** gap);
}

function sinc(x) {
    const angle = Math.PI * x;
    return x == 0 ? 1 : Math.sin(angle) / angle;
}

function deg2rad(x) {
    return x * (Math.PI / 180);
}

function rad2deg(x) {
    return x * (180 / Math.PI);
}

function i0(x) {
    return isinf(x) ? NaN : bessel_i(x, 0); // as NumPy says
}

function factorial(n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

function product(numbers) {
    return numbers.reduce((all, x) => all * x, 1);
}

function len(items) {
    return items.length;
}

function range(count) {
    return [...Array(count).keys()];
}

function reversed(items) {
    return [...items].reverse();
}

function enumerate(items, start = 0) {
    return items.map((item, i) => [start + i, item]);
}

function zip(first, second) {
    return first.map((item, i) => [item, second[i]]);
}

function has_nan(tree) {
    return typeof tree == "number" ? tree != tree : Object.values(tree).some(has_nan);
}
