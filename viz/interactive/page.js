"use strict";

// The page: one state, drawn whole after each change of it.

const start = leaves.map((leaf) => leaf.value);
const state = {
    step: LAST,
    numbers: start, // of the leaves
    followed: null, // the card whose paths are lit
    history: [], // of the descent: numbers and loss, before each step and now
};
const MOST_PLOTS = 8;
const $ = (id) => document.getElementById(id);
let read = reading(state.numbers);
let light = null; // the one path that is pointed at

function draw() {
    drawStep(state.step, read);
    drawListing(state.step, read);
    drawLeaves(read, state.followed, state.step);
    drawPaths(state.followed, read, (path) => { light = path; lightPaths(state.followed, light); });
    lightPaths(state.followed, light);
    nodes.forEach((node) => node.group?.setAttribute("aria-pressed", node == state.followed));
    $("step").value = state.step;
    $("step").setAttribute("aria-valuetext", stepName());
    $("count").textContent = stepName();
    $("words").replaceChildren(...words(state.step, read).map(paragraph));
    $("from").value = state.followed ? state.followed.index : "";
    if (graph.live) {
        drawDescent();
    }
}

function stepName() {
    const {kind} = phaseOf(state.step);
    const part = {start: "the start", seed: "the turn", end: "the end"}[kind] ?? kind;
    return `${state.step} of ${LAST}, ${part}`;
}

// To a screen reader: a step at once, numbers that are still moving when they have settled.
let speaking = 0;

function say(text, soon = true) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { $("said").textContent = text; }, soon ? 0 : 600);
}

// -- the walk ------------------------------------------------------------------------------

let playing = 0;

function go(step, moving = true) {
    const from = state.step;
    state.step = Math.min(Math.max(step, 0), LAST);
    draw();
    say(`${stepName()}. ${[...$("words").children].map((p) => p.textContent).join(" ")}`);
    const {kind, node} = phaseOf(state.step);
    if (moving && state.step == from + 1 && (kind == "forward" || kind == "backward")) {
        node.into.forEach((edge) => pulse(edge, kind == "backward"));
    }
    showCard();
    if (state.step == LAST) {
        stop();
    }
}

// Scrolls the graph, where it is larger than its place, to the card of the step, and to those that
// it is computed from where there is room.
function showCard() {
    const {node} = phaseOf(state.step);
    if (!node?.group) {
        return;
    }
    const stage = $("stage").getBoundingClientRect();
    const cards = [node, ...node.into.map((edge) => edge.from)].filter((one) => one.group)
        .map((one) => one.group.getBoundingClientRect());
    function middle(low, high, room) {
        const [from, to] = [Math.min(...cards.map(low)), Math.max(...cards.map(high))];
        return to - from > room ? (low(cards[0]) + high(cards[0])) / 2 : (from + to) / 2;
    }
    const x = middle((card) => card.left, (card) => card.right, stage.width);
    const y = middle((card) => card.top, (card) => card.bottom, stage.height);
    $("stage").scrollLeft += x - stage.x - stage.width / 2;
    $("stage").scrollTop += y - stage.y - stage.height / 2;
}

function stop() {
    clearInterval(playing);
    playing = 0;
    $("play").textContent = "Play";
}

function play() {
    if (playing) {
        stop();
        return;
    }
    if (state.step == LAST) {
        go(0);
    }
    playing = setInterval(() => go(state.step + 1), 1100);
    $("play").textContent = "Pause";
}

function listenToKeys() {
    const keys = {
        ArrowRight: () => go(state.step + 1), ArrowLeft: () => go(state.step - 1),
        Home: () => go(0), End: () => go(LAST), " ": play,
        Escape: () => follow(null),
    };
    addEventListener("keydown", (event) => {
        const own = event.target.closest?.("input, select, textarea, summary, [tabindex='0'] code");
        const pressed = event.key == " " && event.target.closest?.("button");
        if (own || pressed || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) {
            return;
        }
        event.preventDefault();
        keys[event.key]();
    });
}

// -- paths ---------------------------------------------------------------------------------

function follow(node) {
    state.followed = node == state.followed ? null : node;
    light = null;
    draw();
    flutter(state.followed, read);
    const sum = $("path-rows").querySelector(".sum");
    say(sum ? sum.textContent : "No paths are followed.");
}

// -- other numbers -------------------------------------------------------------------------

function setNumbers(numbers) {
    state.numbers = numbers;
    read = reading(numbers);
    land();
}

function change(i, x) {
    halt();
    setNumbers(state.numbers.with(i, x));
    beginDescent();
    draw();
    say(`${root.name} is ${fine(read.values[root.index])}`, false);
}

// -- gradient descent ----------------------------------------------------------------------

let running = 0;

const loss = () => read.values[root.index];
const rate = () => ($("lr").valueAsNumber > 0 ? $("lr").valueAsNumber : 0); // 0 of what is none

function beginDescent() {
    state.history = [{numbers: state.numbers, loss: loss()}];
}

function descend() {
    const slopes = allGradients(read.locals);
    const chosen = new Set(chosenLeaves());
    setNumbers(state.numbers.map((x, i) => (chosen.has(i) ? x - rate() * slopes[leaves[i].index] : x)));
    state.history = [...state.history, {numbers: state.numbers, loss: loss()}];
    draw();
    say(`step ${state.history.length - 1}: ${root.name} is ${fine(loss())}`, false);
    if (!Number.isFinite(loss()) || !state.numbers.every(Number.isFinite)) {
        halt();
    }
}

function halt() {
    clearInterval(running);
    running = 0;
    $("run").textContent = "Run";
}

function run() {
    if (running) {
        halt();
        return;
    }
    running = setInterval(descend, 200);
    $("run").textContent = "Pause";
}

// How the last step has turned out.
function turn() {
    const past = state.history.at(-2);
    if (!past) {
        return Number.isFinite(loss()) ? "" : ", which is no finite number: nothing descends from it";
    }
    if (!Number.isFinite(loss())) {
        return ", which is no finite number: "
            + (Number.isFinite(past.loss) ? "the lr is too large" : "nothing descends from it");
    }
    return loss() < past.loss ? ", less than before"
        : loss() > past.loss ? ", more than before: the step was too long"
            : loss() == past.loss ? ", as before" : "";
}

// Why no step can be taken; "" where one can.
function whyNot() {
    return rate() == 0 ? " The lr is a number above 0."
        : chosenLeaves().length ? "" : " No leaf is chosen to move.";
}

function drawDescent() {
    $("lr").setAttribute("aria-invalid", String(rate() == 0));
    $("descend").disabled = $("run").disabled = Boolean(whyNot());
    if (running && whyNot()) {
        halt();
    }
    const slopes = allGradients(read.locals);
    const steps = state.history.length - 1;
    $("progress").replaceChildren(...paragraph([
        `After ${steps} ${steps == 1 ? "step" : "steps"} ${root.name} = `, value(fine(loss())),
        `${turn()}.`, whyNot(),
    ]).childNodes);
    const chosen = chosenLeaves();
    const each = chosen.slice(0, MOST_PLOTS).map((i) =>
        lossByLeaf(i, state.numbers, state.history, slopes[leaves[i].index], rate()));
    const more = chosen.length > MOST_PLOTS
        ? [paragraph([`${chosen.length - MOST_PLOTS} more leaves descend, and are not drawn.`])] : [];
    $("plots").replaceChildren(lossBySteps(state.history), ...each, ...more);
}

// -- the beginning -------------------------------------------------------------------------

function begin() {
    prepare();
    listen(follow);
    prepareListing((step) => go(step));
    prepareLeaves(start, {change, choose: follow, descend: draw});
    $("from").append(new Option("nothing", ""), ...listed.map((leaf) => new Option(leaf.name, leaf.index)));
    $("from").addEventListener("change", () => follow(nodes[$("from").value] ?? null));
    $("step").max = LAST;
    $("step").addEventListener("input", () => go(Number($("step").value)));
    $("first").addEventListener("click", () => go(0));
    $("back").addEventListener("click", () => go(state.step - 1));
    $("next").addEventListener("click", () => go(state.step + 1));
    $("last").addEventListener("click", () => go(LAST));
    $("play").addEventListener("click", play);
    listenToKeys();
    if (graph.live) {
        $("descent").hidden = $("running").hidden = false;
        $("running-text").textContent = $("program").textContent.trim();
        $("descend").addEventListener("click", descend);
        $("run").addEventListener("click", run);
        $("lr").addEventListener("input", draw);
        $("reset").addEventListener("click", () => {
            halt();
            setNumbers(start);
            beginDescent();
            draw();
        });
        beginDescent();
    } else {
        $("unlive").hidden = false;
        $("unlive").textContent = graph.why;
    }
    const wanted = /^#step=(\d+)$/.exec(location.hash);
    state.step = wanted ? Math.min(Number(wanted[1]), LAST) : LAST;
    draw();
    showCard();
}

// In a frame that is not shown yet, as in the hidden tab of a notebook, nothing has a size.
const waiting = new ResizeObserver(() => {
    if (svg.getBoundingClientRect().width) {
        waiting.disconnect();
        begin();
    }
});
if (svg.getBoundingClientRect().width) {
    begin();
} else {
    waiting.observe(svg);
}
