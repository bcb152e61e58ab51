"use strict";

// The leaves in rows: a slider and a number for each, its gradient, and whether it descends.

const rows = new Map(); // of a leaf: the parts of its row

// Names of data rather than of weights do not descend unless they are asked to.
function descendsAtFirst(leaf) {
    const weights = leaves.filter((other) => !/^[xyt]\d*$/i.test(other.name));
    return (weights.length ? weights : leaves).includes(leaf);
}

// How far a slider reaches.
function reachOf(x) {
    return Number.isFinite(x) ? Math.max(4, 2 * Math.abs(x)) : 4;
}

function field(tag, attributes) {
    const made = document.createElement(tag);
    Object.entries(attributes).forEach(([name, text]) => made.setAttribute(name, text));
    return made;
}

function prepareLeaves(numbers, {change, choose, descend}) {
    const table = field("table", {});
    const head = table.createTHead().insertRow();
    const titles = graph.live ? ["leaf", "value", "", "gradient", "moves"] : ["leaf", "value", "gradient"];
    titles.forEach((title) => head.append(Object.assign(field("th", {scope: "col"}), {textContent: title})));
    const body = table.createTBody();
    listed.forEach((leaf) => {
        const i = leaves.indexOf(leaf);
        const row = body.insertRow();
        const follow = Object.assign(field("button", {class: "name"}), {textContent: leaf.name});
        follow.addEventListener("click", () => choose(leaf));
        const name = field("th", {scope: "row"});
        name.append(follow);
        row.append(name);
        const gradient = field("td", {class: "gradient"});
        if (!graph.live) {
            const text = leaf.shape ? `${leaf.shape}, |·| = ${fine(leaf.value)}` : fine(leaf.value);
            row.insertCell().append(span("value", text));
            row.append(gradient);
            rows.set(leaf, {gradient, follow});
            return;
        }
        const slider = field("input", {type: "range", "aria-label": `${leaf.name}, slider`, step: "any"});
        const typed = field("input", {type: "number", step: "any", "aria-label": leaf.name});
        const chosen = field("input", {type: "checkbox", "aria-label": `${leaf.name} moves in the descent`});
        chosen.checked = descendsAtFirst(leaf);
        slider.addEventListener("input", () => change(i, Number(slider.value)));
        typed.addEventListener("input", () => {
            const valid = typed.value != "" && Number.isFinite(typed.valueAsNumber);
            typed.setAttribute("aria-invalid", String(!valid));
            valid && change(i, typed.valueAsNumber);
        });
        chosen.addEventListener("change", descend);
        row.insertCell().append(slider);
        row.insertCell().append(typed);
        row.append(gradient);
        row.insertCell().append(chosen);
        rows.set(leaf, {slider, typed, chosen, gradient, follow});
        spread(slider, numbers[i]);
    });
    document.getElementById("leaf-rows").append(table);
}

// Gives a slider the range around a number.
function spread(slider, x) {
    const reach = reachOf(x);
    slider.min = -reach;
    slider.max = reach;
}

function chosenLeaves() {
    return listed.filter((leaf) => rows.get(leaf).chosen.checked).map((leaf) => leaves.indexOf(leaf));
}

function drawLeaves(read, followed, step) {
    const found = known(step, read).gradients;
    leaves.forEach((leaf) => {
        const row = rows.get(leaf);
        const x = read.values[leaf.index];
        const sum = found[leaf.index]?.sum;
        row.gradient.textContent = sum === undefined ? "" : fine(sum);
        row.follow.setAttribute("aria-pressed", String(leaf == followed));
        if (!graph.live) {
            return;
        }
        if (Math.abs(x) > Number(row.slider.max)) {
            spread(row.slider, x);
        }
        row.slider.value = x;
        if (document.activeElement != row.typed) {
            row.typed.value = Number.isFinite(x) ? String(+x.toPrecision(5)) : "";
            row.typed.placeholder = Number.isFinite(x) ? "" : fine(x);
            row.typed.setAttribute("aria-invalid", "false");
        }
    });
}
