"use strict";

// Numbers as they are told, and as they are shown.

const NAMED = {inf: Infinity, "-inf": -Infinity, nan: NaN};

// JSON has no infinities: they are told by name.
function number(told) {
    return typeof told == "string" ? NAMED[told] : told;
}

// Digits as Python rounds them: a tie goes to the even neighbour.
function digits(x, count, method) {
    const long = x[method](count + 30);
    const [mantissa, exponent] = long.split("e");
    const kept = mantissa.slice(0, -30);
    const tie = /^50*$/.test(mantissa.slice(-30)) && "02468".includes(kept.at(-1));
    return tie ? kept + (exponent ? `e${exponent}` : "") : x[method](count);
}

// On a card, as the picture writes it (graphs/numbers.py): 2, 0.368, 0.500, 1.2e−7, −0, inf.
function brief(x) {
    const size = Math.abs(x);
    if (x != x) {
        return "NaN";
    }
    const sign = x < 0 || Object.is(x, -0) ? "−" : "";
    return sign + (size == Infinity ? "inf" : briefSize(size));
}

function briefSize(x) {
    if (x < 1e6 && Number.isInteger(x)) {
        return String(x);
    }
    const exponent = Math.floor(Math.log10(x));
    const short = digits(x, 2, "toExponential");
    const exact = Math.abs(Number(short) - x) <= 1e-12 * x;
    const bare = (text) => (exact && text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (exponent > -4 && exponent < 4) {
        return bare(digits(x, Math.max(2 - exponent, 1), "toFixed"));
    }
    const [mantissa, power] = short.split("e");
    return `${bare(mantissa)}e${Number(power)}`.replace("-", "−");
}

// In words, to four digits: 0.1966, −12, 1.37e−5, ∞.
function fine(x) {
    const size = Math.abs(x);
    if (!Number.isFinite(x)) {
        return x != x ? "nan" : x > 0 ? "∞" : "−∞";
    }
    const small = size != 0 && (size < 1e-3 || size >= 1e5);
    const text = small ? x.toExponential(3).replace(/\.?0+e/, "e") : String(+x.toPrecision(4));
    return text.replace("e+", "e").replaceAll("-", "−");
}

// A factor of a product: a number below 0 has brackets.
function factor(x) {
    return x < 0 ? `(${fine(x)})` : fine(x);
}
