"use strict";

// The drawn graph: its numbers rewritten, its cards and wires lit up, pointed at and walked over.

const COLOURS = {value: "#00694d", gradient: "#b83a00", local: "#0b5cad"}; // as they are drawn
const [MARK, MARKED, PILL] = ["#96006a", "#fde4f3", "#e6effa"]; // of what must not be overlooked
const INKS = [...Object.values(COLOURS), MARK];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const svg = document.querySelector("#stage svg");

// The numbers of a card, those of the value first; or that of a pill.
function numbersOf(group) {
    return [...group.querySelectorAll("text")].filter((text) => INKS.includes(text.getAttribute("fill")));
}

// A text that stays where it is drawn: at the right of its cell, or in the middle of its pill.
function slot(group, text, colour, right) {
    if (!text) {
        return null;
    }
    const box = text.getBBox();
    const frame = group.querySelector(right ? "polygon" : `path[fill="${PILL}"], path[fill="${MARKED}"]`);
    const place = frame.getBBox();
    const room = place.width - (right ? 2 : 4);
    text.textContent = "0";
    const digit = text.getComputedTextLength();
    const at = right ? box.x + box.width : place.x + place.width / 2;
    text.setAttribute("x", at);
    text.setAttribute("text-anchor", right ? "end" : "middle");
    return {text, room, digit, colour, pill: right ? null : frame};
}

// What is drawn of an array: its entries, or its norm and bars. They stay as they are drawn, or
// give way to what is known so far, where the last of them stands.
function whole(group, texts, colour) {
    if (!texts.length) {
        return null;
    }
    const boxes = texts.map((text) => text.getBBox());
    const room = Math.max(...boxes.map((box) => box.x + box.width)) - Math.min(...boxes.map((box) => box.x));
    const [text, box] = [texts.at(-1), boxes.at(-1)];
    text.setAttribute("x", box.x + box.width);
    text.setAttribute("text-anchor", "end");
    const drawn = {content: text.textContent, ink: text.getAttribute("fill")};
    const bars = group.querySelectorAll(`polygon[fill="${colour}"]`);
    const grounds = [...group.querySelectorAll(`polygon[fill="${MARKED}"]`)].filter((ground) => {
        const {y, height} = ground.getBBox();
        return boxes.some((one) => one.y < y + height / 2 && y + height / 2 < one.y + one.height);
    });
    const others = [...texts.slice(0, -1), ...bars, ...grounds];
    return {text, room, digit: box.width / widthOf(drawn.content), colour, drawn, others};
}

// The places for the value and the gradient of a card.
function slotsOf(node) {
    const {group} = node;
    const numbers = numbersOf(group);
    const half = numbers.length / 2;
    const [value, gradient] = [numbers.slice(0, half), numbers.slice(half)];
    if (node.shape) {
        return {value: whole(group, value, COLOURS.value), gradient: whole(group, gradient, COLOURS.gradient)};
    }
    const slots = {
        value: slot(group, value[0], COLOURS.value, true),
        gradient: slot(group, gradient[0], COLOURS.gradient, true),
    };
    // A number that may change is marked by its ink alone.
    group.querySelectorAll(`polygon[fill="${MARKED}"]`).forEach((ground) => ground.remove());
    return slots;
}

// How wide a text is in digits, by Helvetica's measures: to measure each anew would take its time.
const NARROW = {".": 0.5, "-": 0.6, "|": 0.47, " ": 0.5, "…": 1.8};

function widthOf(content) {
    return [...content].reduce((width, letter) => width + (NARROW[letter] ?? 1), 0);
}

// Writes into a slot; what is too wide is set closer, or has a wider pill. An array that is known
// is as it was drawn.
function write(slot, content, idle) {
    if (!slot) {
        return;
    }
    const {text, room, digit, colour, pill, drawn, others} = slot;
    const whole = drawn && !idle;
    text.classList.toggle("idle", idle);
    others?.forEach((other) => other.setAttribute("visibility", idle ? "hidden" : "visible"));
    content = whole ? drawn.content : content;
    if (text.textContent == content) {
        return;
    }
    const special = /inf|NaN|^−0$/.test(content);
    const ink = whole ? drawn.ink : special ? MARK : colour;
    text.setAttribute("fill", ink);
    text.setAttribute("font-weight", ink == MARK || colour == COLOURS.value ? "bold" : "normal");
    pill?.setAttribute("fill", special ? MARKED : PILL);
    text.textContent = content;
    ["textLength", "lengthAdjust"].forEach((name) => text.removeAttribute(name));
    const wide = widthOf(content) * digit;
    if (pill) {
        const middle = Number(text.getAttribute("x"));
        const scale = Math.max(1, (wide + 4) / (room + 4));
        pill.setAttribute("transform", `translate(${middle}) scale(${scale} 1) translate(${-middle})`);
    } else if (wide > room + 0.5) {
        text.setAttribute("textLength", room);
        text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
}

function prepare() {
    for (const node of nodes) {
        node.group = document.getElementById(node.id);
        if (node.group) {
            node.slots = slotsOf(node);
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
        // A rule of arrays stays as it is drawn.
        edge.pill = graph.scalar ? slot(edge.group, numbersOf(edge.group)[0], COLOURS.local, false) : null;
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
        if (edge.local !== undefined) {
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
