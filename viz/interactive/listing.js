"use strict";

// The graph in lines: each operation as it is computed, and as it sends its gradient back. The
// line of the step lights up; a click on a line goes to its step.

function span(kind, text) {
    const made = document.createElement("span");
    made.className = kind;
    made.textContent = text;
    return made;
}

// A paragraph of texts and numbers.
function paragraph(parts) {
    const made = document.createElement("p");
    made.append(...parts.map((part) => (part.kind ? span(part.kind, part.text) : part)));
    return made;
}

const lines = new Map(); // of a step: its button, and where its numbers are written

function listingLine(step, texts, kind, go) {
    const button = document.createElement("button");
    const numbers = texts.map(() => span(kind, ""));
    button.className = "line";
    texts.forEach((text, i) => button.append(span("code", text), numbers[i]));
    button.addEventListener("click", () => go(step));
    lines.set(step, {button, numbers});
    const item = document.createElement("li");
    item.append(button);
    return item;
}

function prepareListing(go) {
    const seen = new Set([root]);
    const forward = operations.map((node) =>
        listingLine(forwardStep.get(node), [`${node.name} = ${node.formula}`], "value", go));
    const backward = [listingLine(COUNT + 1, [`${root.name}.grad = 1`], "gradient", go)];
    for (const node of [...operations].reverse()) {
        const texts = node.into.map((edge) => {
            const sign = seen.has(edge.from) ? "+=" : "=";
            seen.add(edge.from);
            return `${edge.from.name}.grad ${sign} ${edge.text}`;
        });
        backward.push(listingLine(backwardStep.get(node), texts, "gradient", go));
    }
    document.getElementById("forward").append(...forward);
    document.getElementById("backward").append(...backward);
}

function drawListing(step, read) {
    const all = allGradients(read.locals);
    for (const node of operations) {
        const [number] = lines.get(forwardStep.get(node)).numbers;
        number.textContent = forwardStep.get(node) <= step ? fine(read.values[node.index]) : "";
        const {numbers} = lines.get(backwardStep.get(node));
        node.into.forEach((edge, i) => {
            const part = contribution(edge, all[node.index], read.locals);
            numbers[i].textContent = backwardStep.get(node) <= step ? fine(part) : "";
        });
    }
    for (const [at, {button}] of lines) {
        const now = at == step;
        button.classList.toggle("now", now);
        now ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current");
        now && showWithin(button);
    }
}

// Scrolls the pane of the lines, and nothing else, so far that a line is seen.
function showWithin(line) {
    const pane = line.closest("aside");
    if (pane.scrollHeight <= pane.clientHeight) {
        return;
    }
    const [top, bottom] = [line.offsetTop - 60, line.offsetTop + line.offsetHeight + 60];
    if (top < pane.scrollTop || bottom > pane.scrollTop + pane.clientHeight) {
        pane.scrollTop = top - pane.clientHeight / 3;
    }
}
