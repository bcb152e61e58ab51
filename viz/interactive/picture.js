"use strict";

// The drawn graph: its numbers rewritten, its cards and wires lit up, pointed at and walked over.

const COLOURS = {value: "#00694d", gradient: "#b83a00", local: "#0b5cad"}; // as they are drawn
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const svg = document.querySelector("#stage svg");

// A text that stays where it is drawn: at the right of its cell, or in the middle of its pill.
function slot(group, colour, right) {
    const text = [...group.querySelectorAll("text")].find((t) => t.getAttribute("fill") == colour);
    if (!text) {
        return null;
    }
    const box = text.getBBox();
    const frame = group.querySelector(right ? "polygon" : `path[fill="#e6effa"]`).getBBox();
    const room = frame.width - (right ? 2 : 4);
    text.textContent = "0";
    const digit = text.getComputedTextLength();
    const at = right ? box.x + box.width : frame.x + frame.width / 2;
    text.setAttribute("x", at);
    text.setAttribute("text-anchor", right ? "end" : "middle");
    return {text, room, digit};
}

// How wide a text is in digits, by Helvetica's measures: to measure each anew would take its time.
const NARROW = {".": 0.5, "-": 0.6, "|": 0.47, " ": 0.5, "…": 1.8};

function widthOf(content) {
    return [...content].reduce((width, letter) => width + (NARROW[letter] ?? 1), 0);
}

// Writes into a slot; what is too wide is set closer.
function write(slot, content, idle) {
    if (!slot) {
        return;
    }
    const {text, room, digit} = slot;
    text.classList.toggle("idle", idle);
    if (text.textContent == content) {
        return;
    }
    text.textContent = content;
    ["textLength", "lengthAdjust"].forEach((name) => text.removeAttribute(name));
    if (widthOf(content) * digit > room + 0.5) {
        text.setAttribute("textLength", room);
        text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
}

function prepare() {
    for (const node of nodes) {
        node.group = document.getElementById(node.id);
        if (node.group) {
            node.slots = {
                value: slot(node.group, COLOURS.value, true),
                gradient: slot(node.group, COLOURS.gradient, true),
            };
        }
        if (node.group && node.leaf) {
            node.group.classList.add("leaf");
        }
    }
    for (const edge of edges) {
        edge.group = document.getElementById(edge.id);
        if (!edge.group) {
            continue;
        }
        edge.wire = edge.group.querySelector("path");
        edge.arrow = edge.group.querySelector("polygon");
        edge.pill = slot(edge.group, COLOURS.local, false);
        const hit = edge.wire.cloneNode();
        ["stroke", "stroke-width", "stroke-dasharray"].forEach((name) => hit.removeAttribute(name));
        hit.setAttribute("class", "hit");
        edge.group.append(hit);
    }
    // A large graph is not made smaller than it can be read: it is scrolled.
    svg.style.minWidth = `${0.58 * svg.width.baseVal.value}px`;
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", "cards and wires: up and down arrows go from one to the next");
}

// Shows a step: what is not known yet is a question mark, what is still growing has dots.
function drawStep(step, read) {
    const {phase, isComputed, gradients: found} = known(step, read);
    const all = allGradients(read.locals);
    const flows = edges.map((edge) => contribution(edge, all[edge.to.index], read.locals));
    const widest = Math.max(...flows.map(Math.abs).filter(Number.isFinite), 0);
    for (const node of nodes) {
        const so = found[node.index] ?? {missing: 1};
        node.gradient = so.sum;
        if (!node.group) {
            continue;
        }
        const computed = isComputed(node);
        const [x, g] = node.shape ? ["|x| ", "|g| "] : ["", ""];
        write(node.slots.value, computed ? x + brief(read.values[node.index]) : "?", !computed);
        const text = so.sum === undefined ? "?" : g + brief(so.sum) + (so.missing ? "…" : "");
        write(node.slots.gradient, text, so.sum === undefined || so.missing > 0);
        node.group.classList.toggle("now", node == phase.node);
        node.group.setAttribute("aria-label", nodeWords(node, read, computed, found));
    }
    for (const edge of edges) {
        const computed = isComputed(edge.to);
        if (edge.local !== undefined && graph.scalar) {
            write(edge.pill, computed ? brief(read.locals[edge.index]) : "?", !computed);
        }
        if (!edge.group) {
            continue;
        }
        const sent = step >= backwardStep.get(edge.to);
        const flow = Math.abs(flows[edge.index]);
        const share = sent && widest && Number.isFinite(flow) ? flow / widest : 0;
        const active = phase.node == edge.to && phase.kind != "seed";
        edge.group.classList.toggle("forth", active && phase.kind == "forward");
        edge.group.classList.toggle("back", active && phase.kind == "backward");
        [edge.wire, edge.arrow].filter(Boolean).forEach((line) => {
            line.setAttribute("stroke-width", (1 + 2.2 * share).toFixed(2));
            line.setAttribute("stroke-dasharray", sent && flow == 0 && line == edge.wire ? "5,2" : "none");
        });
        const upstream = found[edge.to.index];
        const complete = upstream?.sum !== undefined && !upstream.missing;
        edge.group.setAttribute("aria-label", edgeWords(edge, read, computed, complete, upstream));
    }
}

function nodeWords(node, read, computed, found) {
    const so = found[node.index] ?? {missing: 1};
    const kind = node.leaf ? "leaf " : "";
    const size = node.shape ? `, ${node.shape}, norm ` : ", value ";
    const value = computed ? fine(read.values[node.index]) : "not computed yet";
    if (so.sum === undefined) {
        return `${kind}${called(node)}${size}${value}, gradient not known yet`;
    }
    const slope = fine(so.sum) + (so.missing ? " so far" : "");
    const several = graph.scalar && !so.missing && node.out.length > 1 && node.out.length < 5;
    const sum = node.out.map((edge) =>
        `${factor(found[edge.to.index].sum)} × ${factor(read.locals[edge.index])}`).join(" + ");
    return `${kind}${called(node)}${size}${value}, gradient ${slope}${several ? ` = ${sum}` : ""}`;
}

// upstream × local = contribution, as far as it is known.
function edgeWords(edge, read, computed, complete, upstream) {
    const ends = `${edge.from.name} → ${called(edge.to)}`;
    if (!computed) {
        return `${ends}: not computed yet`;
    }
    const slope = edge.local === undefined ? "" : fine(read.locals[edge.index]);
    const rule = slope ? `d ${edge.to.name} / d ${edge.from.name} = ${slope}` : edge.text;
    if (!complete) {
        return `${ends}: ${rule}; upstream gradient not known yet`;
    }
    const flow = fine(contribution(edge, upstream.sum, read.locals));
    return `${ends}: ${rule}; ` + (slope
        ? `upstream × local = ${fine(upstream.sum)} × ${slope} = ${flow}`
        : `contribution of norm ${flow}`);
}

// A dot that runs along a wire: forth to what is computed, or back to an input.
function pulse(edge, back) {
    if (!edge.wire || calm.matches) {
        return;
    }
    const dot = document.createElementNS(svg.namespaceURI, "circle");
    const length = edge.wire.getTotalLength();
    const start = performance.now();
    dot.setAttribute("class", back ? "pulse gradient" : "pulse value");
    dot.setAttribute("r", 4.5);
    edge.group.append(dot);
    requestAnimationFrame(function move(now) {
        const part = Math.min((now - start) / 450, 1);
        const point = edge.wire.getPointAtLength(length * (back ? 1 - part : part));
        dot.setAttribute("cx", point.x);
        dot.setAttribute("cy", point.y);
        part < 1 ? requestAnimationFrame(move) : dot.remove();
    });
}

// -- pointing and walking ------------------------------------------------------------------

const tip = document.getElementById("tip");

function showTip(group, event) {
    const box = group.getBoundingClientRect();
    const [x, y] = event?.clientX ? [event.clientX, event.clientY] : [box.x + box.width / 2, box.y];
    tip.textContent = group.getAttribute("aria-label").replace(/[:;] |, (?=value|gradient|norm)/g, "\n");
    tip.hidden = false;
    const left = Math.min(x + 14, innerWidth - tip.offsetWidth - 6);
    const above = y - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(left, 6)}px`;
    tip.style.top = `${above < 6 ? y + 18 : above}px`;
}

// The cards and wires in one row, each wire before the card that it leads to: one place in the
// order of tabs, within which the arrows up and down go on.
function listen(choose) {
    const things = nodes.flatMap((node) => [...node.into, node]).filter((thing) => thing.group);
    things.forEach((thing, i) => {
        const {group} = thing;
        group.setAttribute("tabindex", i ? -1 : 0);
        group.setAttribute("role", thing.into ? "button" : "img");
        group.addEventListener("mousemove", (event) => showTip(group, event));
        group.addEventListener("mouseleave", () => { tip.hidden = true; });
        group.addEventListener("blur", () => { tip.hidden = true; });
        group.addEventListener("focus", () => {
            things.forEach((other) => other.group.setAttribute("tabindex", other == thing ? 0 : -1));
            group.matches(":focus-visible") && showTip(group);
        });
        group.addEventListener("keydown", (event) => {
            const other = things[i + {ArrowUp: -1, ArrowDown: 1}[event.key]];
            if (other) {
                event.preventDefault();
                other.group.focus();
            } else if (event.key == "Enter" && thing.into) {
                event.preventDefault();
                choose(thing);
            }
        });
        thing.into && group.addEventListener("click", () => choose(thing));
    });
}
