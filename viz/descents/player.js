"use strict";

// The player: where each descent is at a frame, which may lie between two while it glides.

const descent = JSON.parse(document.getElementById("descent").textContent);
const $ = (id) => document.getElementById(id);
const LAST = descent.frames.length - 1;
const PAUSE = Math.min(Math.max(14000 / (LAST + 1), 60), 900); // milliseconds from frame to frame
const EDGES = {left: 58, right: 12, top: 10, bottom: 40};
const TANGENT = 70; // half of one, in the units of the page
const FAR = 2e4; // from the origin, in the units of the page
const DOTS = 300; // of a route, at most: the last ones
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const walks = descent.walks.map((walk, place) => ({
    ...walk,
    place,
    points: walk.points.map((point) => point.map(number)),
    losses: walk.losses.map(number),
    gradients: walk.gradients.map((gradient) => gradient.map(number)),
}));
const state = {at: 0};

// -- the two plots -------------------------------------------------------------------------

// An empty plot: its two axes with their ticks, and a part that nothing sticks out of.
function plot(words, [width, height], ticks, x, y, labels) {
    const {left, right, top, bottom} = EDGES;
    const made = part("svg", {
        viewBox: `${-left} ${-top} ${width + left + right} ${height + top + bottom}`,
        class: "plot", role: "img", "aria-label": words,
    });
    ticks[0].forEach(([at, text]) => made.append(
        part("path", {d: `M${x(at)},0V${height}`, class: "grid"}),
        part("text", {x: x(at), y: height + 17, "text-anchor": "middle"}, text)));
    ticks[1].forEach(([at, text]) => made.append(
        part("path", {d: `M0,${y(at)}H${width}`, class: "grid"}),
        part("text", {x: -7, y: y(at) + 4, "text-anchor": "end"}, text)));
    const middle = `translate(${12 - left} ${height / 2}) rotate(-90)`;
    const within = part("svg", {x: 0, y: 0, width, height, viewBox: `0 0 ${width} ${height}`});
    made.append(
        within,
        part("rect", {x: 0, y: 0, width, height, class: "frame"}),
        part("text", {x: width / 2, y: height + 35, "text-anchor": "middle", class: "label"}, labels[0]),
        part("text", {transform: middle, "text-anchor": "middle", class: "label"}, labels[1]),
    );
    return [made, within];
}

const [WIDTH, HEIGHT] = descent.size;
const across = scale(descent.bounds[0], 0, WIDTH);
const up = scale(descent.bounds[1], HEIGHT, 0);
const over = descent.one ? (walk, i) => [walk.points[i][0], walk.losses[i]] : (walk, i) => walk.points[i];
const placeOf = (walk, i) => {
    const [a, b] = over(walk, i);
    return [across(a), up(b)];
};

const SIDE = [340, HEIGHT];
const end = Math.max(descent.frames[LAST], 1);
const byStep = scale([0, end], 0, SIDE[0]);
const {bounds: [LOW, HIGH], log} = descent.losses;
const height = log ? (loss) => Math.log10(Math.max(loss, LOW / 1e3)) : (loss) => loss;
const linear = scale([height(LOW), height(HIGH)], SIDE[1], 0);
const byLoss = (loss) => linear(height(loss));

// What lies under the walks, and stays.
function ground() {
    if (descent.one) {
        const [xs, ys] = descent.curve.map((side) => side.map(number));
        return [part("path", {d: lineThrough(xs.map((x, i) => [across(x), up(ys[i])])), class: "curve"})];
    }
    const all = part("rect", {width: WIDTH, height: HEIGHT, class: "above-0"});
    const regions = descent.above.map(({level, d}, k) => {
        const region = part("path", {d, class: `above above-${k + 1}`, "fill-rule": "evenodd"});
        region.append(part("title", {}, `the loss is above ${brief(level)}`));
        return region;
    });
    const hatch = part("pattern", {id: "hatch", width: 7, height: 7, patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)"});
    hatch.append(part("path", {d: "M0,0V7", class: "hatch"}));
    const gap = part("path", {d: descent.missing, class: "gap", "fill-rule": "evenodd"});
    gap.append(part("title", {}, "the loss is not finite"));
    return [...(regions.length ? [all] : []), ...regions, hatch, gap];
}

// -- a walk at a frame ---------------------------------------------------------------------

// The last point of a walk that has been reached at a step.
function reached(walk, step) {
    let [low, high] = [0, walk.steps.length - 1];
    while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        [low, high] = walk.steps[middle] <= step ? [middle, high] : [low, middle - 1];
    }
    return low;
}

const isNear = ([x, y]) => Math.abs(x) < FAR && Math.abs(y) < FAR;

// A line through places, of which what is far is cut off along its way.
function way(places) {
    return places.flatMap((place, i) => {
        if (isNear(place)) {
            return [place];
        }
        const cut = (other) => (other && isNear(other) && place.every(Number.isFinite)
            ? [towards(other, place)] : []);
        return [...cut(places[i - 1]), [NaN, NaN], ...cut(places[i + 1])];
    });
}

function towards(from, to) {
    const [dx, dy] = to.map((x, k) => x - from[k]);
    const size = Math.max(Math.abs(dx), Math.abs(dy));
    return [from[0] + dx / size * FAR, from[1] + dy / size * FAR];
}

// A marker of a walk, which is as wide as `size`.
function marker(walk, [x, y], size, kind) {
    return part("path", {d: walk.marker, class: kind, transform: `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${size})`});
}

// The direction of the tangent, or of the way down that the gradient says.
function tangent(walk, i) {
    const [x, y] = placeOf(walk, i);
    const [a, b] = [across(1) - across(0), up(1) - up(0)];
    const [first, second] = walk.gradients[i];
    const angle = descent.one ? Math.atan(first * b / a) : Math.atan2(-second * b, -first * a);
    const still = !descent.one && first == 0 && second == 0;
    if (still || !Number.isFinite(angle + x + y)) {
        return [];
    }
    const [u, v] = [Math.cos(angle) * TANGENT, Math.sin(angle) * TANGENT];
    const from = descent.one ? [x - u, y - v] : [x, y];
    return [part("path", {d: lineThrough([from, [x + u, y + v]]), class: "tangent"})];
}

function drawWalk(walk, frame, share) {
    const i = reached(walk, descent.frames[frame]);
    const j = reached(walk, descent.frames[Math.min(frame + 1, LAST)]);
    const drawn = part("g", {class: `walk-${walk.place}`});
    const places = Array.from({length: i + 1}, (_, k) => placeOf(walk, k));
    const next = placeOf(walk, j);
    const here = places[i].map((from, k) => from + share * (next[k] - from));
    const gliding = share > 0 && isNear(here);
    const walked = gliding ? [...places, here] : places;
    drawn.append(part("path", {d: lineThrough(way(walked)), class: "route", "stroke-dasharray": walk.dashes}));
    for (let k = 0; k < i; k += 1) {
        if (walk.rose[k]) {
            drawn.append(part("path", {d: lineThrough(way([places[k], places[k + 1]])), class: "rise"}));
        } else if (walk.passed[k] && k >= i - DOTS && isNear(places[k + 1])) {
            const [cx, cy] = places[k + 1];
            drawn.append(part("circle", {cx, cy, r: 8, class: "ring"}));
        }
    }
    places.slice(-DOTS).filter(isNear).forEach((place) => drawn.append(marker(walk, place, 5, "dot")));
    if (!gliding) {
        drawn.append(...tangent(walk, i));
    }
    const at = gliding ? here : places[i];
    if (isNear(at)) {
        drawn.append(marker(walk, at, 12, "here"));
    }
    return drawn;
}

function drawLosses(walk, frame, share) {
    const i = reached(walk, descent.frames[frame]);
    const j = reached(walk, descent.frames[Math.min(frame + 1, LAST)]);
    const all = walk.losses.map((loss, k) => [byStep(walk.steps[k]), byLoss(loss)]);
    const here = share > 0 ? all[i].map((from, k) => from + share * (all[j][k] - from)) : all[i];
    const drawn = part("g", {class: `walk-${walk.place}`});
    const look = {"stroke-dasharray": walk.dashes};
    drawn.append(
        part("path", {d: lineThrough(way(all)), class: "route faint", ...look}),
        part("path", {d: lineThrough(way([...all.slice(0, i + 1), here])), class: "route", ...look}),
    );
    if (isNear(here)) {
        drawn.append(marker(walk, here, 9, "here"));
    }
    return drawn;
}

// -- in words ------------------------------------------------------------------------------

// What the last step of a walk has done, and whether it went too far.
function told(walk, i) {
    const over = walk.steps[i] == walk.steps.at(-1);
    const done = over ? ", its last step" : "";
    if (i == 0) {
        return ["the start", false];
    }
    if (!Number.isFinite(walk.losses[i])) {
        return [`the loss is no finite number any more${done}`, true];
    }
    if (walk.rose[i - 1]) {
        return [`overshot: the loss rose${done}`, true];
    }
    if (walk.passed[i - 1]) {
        return [`overshot: past the lowest point of its way${done}`, true];
    }
    return [walk.losses[i] < walk.losses[i - 1] ? `the loss fell${done}` : `the loss is as before${done}`, false];
}

function row(walk, i) {
    const made = document.createElement("tr");
    made.className = `walk-${walk.place}`;
    const cell = (...content) => {
        const one = document.createElement("td");
        one.append(...content);
        made.append(one);
        return one;
    };
    const sample = part("svg", {viewBox: "-22 -8 44 16", "aria-hidden": "true"});
    sample.append(part("path", {d: "M-20,0H20", class: "route", "stroke-dasharray": walk.dashes}),
        marker(walk, [0, 0], 10, "here"));
    cell(sample);
    cell(walk.name);
    cell(String(walk.steps[i]));
    walk.points[i].forEach((x) => cell(fine(x)));
    cell(fine(walk.losses[i])).className = "value";
    walk.gradients[i].forEach((slope) => { cell(fine(slope)).className = "gradient"; });
    const [words, overshot] = told(walk, i);
    cell(words).className = overshot ? "overshoot" : "";
    return made;
}

function sentence(walk, i) {
    const where = walk.points[i].map((x, k) => `${weights[k]} = ${fine(x)}`).join(", ");
    return `${walk.name}: ${where}, the loss is ${fine(walk.losses[i])}; ${told(walk, i)[0]}.`;
}

const weights = descent.one ? descent.labels.slice(0, 1) : descent.labels;

// -- the state, drawn whole ----------------------------------------------------------------

let [moving, curves] = [null, null];

function draw() {
    const frame = Math.floor(state.at);
    const share = state.at - frame;
    const step = descent.frames[frame];
    moving.replaceChildren(...walks.map((walk) => drawWalk(walk, frame, share)));
    curves.replaceChildren(...walks.map((walk) => drawLosses(walk, frame, share)));
    if (share == 0) {
        $("rows").replaceChildren(...walks.map((walk) => row(walk, reached(walk, step))));
        $("step").value = frame;
        $("count").textContent = `step ${step} of ${descent.frames[LAST]}`;
        $("step").setAttribute("aria-valuetext", $("count").textContent);
    }
}

// To a screen reader: where it has settled.
let speaking = 0;

function say() {
    clearTimeout(speaking);
    speaking = setTimeout(() => {
        const step = descent.frames[Math.floor(state.at)];
        const each = walks.map((walk) => sentence(walk, reached(walk, step)));
        $("said").textContent = `${$("count").textContent}. ${each.join(" ")}`;
    }, 400);
}

// -- the walk ------------------------------------------------------------------------------

let playing = null; // when the frame began, and which it was

function go(frame) {
    stop();
    state.at = Math.min(Math.max(frame, 0), LAST);
    draw();
    say();
}

function stop() {
    playing = null;
    $("play").textContent = "Play";
}

function play() {
    if (playing) {
        go(Math.round(state.at));
        return;
    }
    if (state.at >= LAST) {
        state.at = 0;
        draw();
    }
    playing = {from: state.at, since: performance.now()};
    $("play").textContent = "Pause";
    requestAnimationFrame(tick);
}

// It rests at each frame for a third of the time, and glides to the next; or it jumps.
function tick(now) {
    if (!playing) {
        return;
    }
    const passed = playing.from + Math.max(now - playing.since, 0) / PAUSE;
    const frame = Math.floor(passed);
    const share = calm.matches || PAUSE < 150 ? 0 : Math.max((passed - frame) * 1.5 - 0.5, 0);
    const before = Math.floor(state.at);
    if (frame >= LAST) {
        go(LAST);
        return;
    }
    if (frame > before) {
        state.at = frame;
        draw();
    }
    if (share > 0) {
        state.at = frame + share * (2 - share);
        draw();
    }
    requestAnimationFrame(tick);
}

function listenToKeys() {
    const keys = {
        ArrowRight: () => go(Math.floor(state.at) + 1), ArrowLeft: () => go(Math.ceil(state.at) - 1),
        Home: () => go(0), End: () => go(LAST), " ": play,
    };
    addEventListener("keydown", (event) => {
        const own = event.target.closest?.("input") && event.key != " ";
        const pressed = event.key == " " && event.target.closest?.("button");
        if (own || pressed || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) {
            return;
        }
        event.preventDefault();
        keys[event.key]();
    });
}

function legend() {
    const sample = (shape, words) => {
        const drawn = part("svg", {viewBox: "-15 -7 30 14", "aria-hidden": "true"});
        drawn.append(shape);
        return [drawn, words];
    };
    const line = (kind) => part("path", {d: "M-13,0H13", class: kind});
    return [
        ...sample(line("tangent"), descent.one ? "tangent" : "way down, by the gradient"),
        ...sample(line("rise"), "the loss rose"),
        ...sample(part("circle", {r: 6, class: "ring"}), "past the lowest point of its way"),
    ];
}

// -- the beginning -------------------------------------------------------------------------

function begin() {
    const names = walks.map((walk) => walk.name).join(", ");
    const [big, within] = plot(`the loss over ${weights.join(" and ")}, and where ${names} passed`,
        descent.size, descent.ticks, across, up, descent.labels);
    const [side, beside] = plot(`the loss of ${names} at each step`,
        SIDE, [descent.steps.ticks, descent.losses.ticks], byStep, byLoss, ["step", "loss"]);
    [moving, curves] = [part("g", {}), part("g", {})];
    within.append(...ground(), moving);
    beside.append(curves);
    $("landscape").append(big);
    $("losses").append(side);
    const slopes = weights.map((name) => `d loss / d ${name}`);
    $("heads").append(...["", "", "step", ...weights, "loss", ...slopes, ""].map((text) => {
        const head = document.createElement(text ? "th" : "td");
        head.textContent = text;
        return head;
    }));
    $("legend").append(...legend());
    $("step").max = LAST;
    $("step").addEventListener("input", () => go(Number($("step").value)));
    $("first").addEventListener("click", () => go(0));
    $("back").addEventListener("click", () => go(Math.ceil(state.at) - 1));
    $("next").addEventListener("click", () => go(Math.floor(state.at) + 1));
    $("last").addEventListener("click", () => go(LAST));
    $("play").addEventListener("click", play);
    listenToKeys();
    const wanted = /^#step=(\d+)$/.exec(location.hash);
    state.at = wanted ? Math.min(Number(wanted[1]), LAST) : 0;
    draw();
}

begin();
