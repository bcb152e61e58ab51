"use strict";

// Small plots, drawn anew at each change: the loss against the step, and against each weight.

const WIDTH = 300;
const HEIGHT = 150;
const EDGES = {left: 46, right: 10, top: 22, bottom: 24};
const SAMPLES = 80;

// The range of some numbers, to round ends; of one number some around it.
function rangeOf(numbers) {
    const finite = numbers.filter((x) => Math.abs(x) < 1e300);
    const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 0];
    if (low == high) {
        const around = Math.max(0.5, Math.abs(low) / 100);
        return rangeOf([low - around, high + around]);
    }
    const unit = 10 ** Math.floor(Math.log10(high - low) - 0.3) / 2;
    const [from, to] = [Math.floor(low / unit - 0.2), Math.ceil(high / unit + 0.2)];
    return [low >= 0 ? Math.max(from * unit, 0) : from * unit, to * unit];
}

// A plot with a title, its two ranges at the axes, and what `fill` draws in it.
function plot(title, words, xs, ys, fill) {
    const made = part("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot"});
    made.setAttribute("aria-label", words);
    const [left, right] = [EDGES.left, WIDTH - EDGES.right];
    const [top, bottom] = [EDGES.top, HEIGHT - EDGES.bottom];
    const [x, y] = [scale(xs, left, right), scale(ys, bottom, top)];
    made.append(
        part("rect", {x: left, y: top, width: right - left, height: bottom - top, class: "frame"}),
        part("text", {x: left, y: 14, class: "title"}, title),
        part("text", {x: left, y: HEIGHT - 8}, fine(+xs[0].toPrecision(3))),
        part("text", {x: right, y: HEIGHT - 8, "text-anchor": "end"}, fine(+xs[1].toPrecision(3))),
        part("text", {x: left - 5, y: bottom, "text-anchor": "end"}, fine(+ys[0].toPrecision(3))),
        part("text", {x: left - 5, y: top + 9, "text-anchor": "end"}, fine(+ys[1].toPrecision(3))),
    );
    const within = part("svg", {x: left, y: top, width: right - left, height: bottom - top,
        viewBox: `${left} ${top} ${right - left} ${bottom - top}`});
    fill(within, x, y);
    made.append(within);
    return made;
}

// The loss at each step of the descent.
function lossBySteps(history) {
    const losses = history.map((past) => past.loss);
    const xs = [0, Math.max(losses.length - 1, 4)];
    const words = `${root.name} after ${losses.length - 1} steps: ${fine(losses.at(-1))}`;
    return plot(`${root.name} by step`, words, xs, rangeOf(losses), (within, x, y) => {
        within.setAttribute("overflow", "visible"); // nothing is out of the ranges
        const points = losses.map((loss, step) => [x(step), y(loss)]);
        within.append(part("path", {d: lineThrough(points), class: "trail"}));
        points.slice(-60).forEach(([cx, cy]) => Number.isFinite(cy)
            && within.append(part("circle", {cx, cy, r: 2.2, class: "past"})));
        const [cx, cy] = points.at(-1);
        Number.isFinite(cy) && within.append(part("circle", {cx, cy, r: 4, class: "here"}));
    });
}

// The loss if one leaf alone had other values: the curve, the tangent that the gradient is, the
// way that has been walked, and where the next step lands.
function lossByLeaf(i, numbers, history, slope, lr) {
    const leaf = leaves[i];
    const here = numbers[i];
    const there = here - lr * slope;
    const walked = history.map((past) => past.numbers[i]);
    const [low, high] = rangeOf([...walked.slice(-60), here - 2, here + 2, there].map((x) =>
        Math.min(Math.max(x, here - 60), here + 60)));
    const curve = Array.from({length: SAMPLES + 1}, (_, k) => {
        const x = low + (high - low) * k / SAMPLES;
        return [x, reading(numbers.with(i, x)).values[root.index]];
    });
    const at = curve.map(([, loss]) => loss);
    const loss = history.at(-1).loss;
    const landing = reading(numbers.with(i, there)).values[root.index];
    const words = `${root.name} against ${leaf.name}, now ${fine(here)}, slope ${fine(slope)}; `
        + `the next step goes to ${fine(there)}`;
    return plot(`${root.name} by ${leaf.name}`, words, [low, high], rangeOf([...at, loss]), (within, x, y) => {
        const past = history.slice(-60).map((one) => [x(one.numbers[i]), y(one.loss)]);
        const run = (high - low) / 7;
        within.append(
            part("path", {d: lineThrough(curve.map(([a, b]) => [x(a), y(b)])), class: "curve"}),
            part("path", {d: lineThrough(past), class: "trail"}),
            part("path", {class: "tangent", d: lineThrough([
                [x(here - run), y(loss - run * slope)], [x(here + run), y(loss + run * slope)]])}),
        );
        past.slice(0, -1).forEach(([cx, cy]) => Number.isFinite(cx + cy)
            && within.append(part("circle", {cx, cy, r: 2.2, class: "past"})));
        if (Number.isFinite(landing + there) && there != here) {
            within.append(part("path", {d: lineThrough([[x(here), y(loss)], [x(there), y(landing)]]), class: "step"}),
                part("circle", {cx: x(there), cy: y(landing), r: 4, class: "next"}));
        }
        Number.isFinite(here + loss) && within.append(part("circle", {cx: x(here), cy: y(loss), r: 4, class: "here"}));
    });
}
