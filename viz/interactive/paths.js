"use strict";

// A flutter at one card reaches the output by every path between: each path has its product of
// local gradients, and their sum is the gradient.

const MOST_PATHS = 200;
const MOST_ROWS = 12;
const SPEED = 260; // of the butterfly, in units of the drawing for each second

const WINGS = "M0,0C-2,-9 -12,-10 -11,-3C-10,1 -4,2 0,0C-5,1 -9,5 -6,8C-3,10 0,5 0,0" +
    "C0,5 3,10 6,8C9,5 5,1 0,0C4,2 10,1 11,-3C12,-10 2,-9 0,0Z";

const pathCount = pathCounts();

// The paths from a node with their products, the largest first.
function pathsOf(node, read) {
    const found = pathsFrom(node, MOST_PATHS).map((path) => (
        {path, product: productOf(path, read.locals)}));
    return found.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
}

function pathWords({path, product}, read) {
    const names = [path[0].from.name, ...path.map((edge) => edge.to.name)].join(" → ");
    const factors = path.map((edge) => factor(read.locals[edge.index])).join(" × ");
    return {names, sum: path.length > 1 ? `${factors} = ` : "", product: fine(product)};
}

// The rows of the panel: each lights up its path alone when it is pointed at.
function drawPaths(node, read, light) {
    const rows = document.getElementById("path-rows");
    const focused = [...rows.querySelectorAll("button")].indexOf(document.activeElement);
    rows.replaceChildren();
    if (!node) {
        rows.append(paragraph(["Choose a leaf, here or in the graph, to see how a small change of it "
            + `reaches ${root.name}.`]));
        return;
    }
    if (!graph.scalar || node == root) {
        const many = pathCount[node.index];
        rows.append(paragraph([`${many.toLocaleString("en")} ${many == 1 ? "path leads" : "paths lead"} `
            + `from ${node.name} to ${root.name}.`]));
        return;
    }
    const found = pathsOf(node, read);
    const list = document.createElement("ol");
    for (const one of found.slice(0, MOST_ROWS)) {
        const {names, sum, product} = pathWords(one, read);
        const row = document.createElement("button");
        row.className = "line";
        row.append(span("names", names), span("local", sum), span("gradient", product));
        for (const [event, path] of [["mouseenter", one.path], ["focus", one.path],
            ["mouseleave", null], ["blur", null]]) {
            row.addEventListener(event, () => light(path));
        }
        const item = document.createElement("li");
        item.append(row);
        list.append(item);
    }
    const total = allGradients(read.locals)[node.index];
    const many = pathCount[node.index];
    const rest = many > MOST_ROWS ? `, of which ${MOST_ROWS} are shown` : "";
    const count = many == 1 ? "One path" : `The sum over ${many.toLocaleString("en")} paths${rest}`;
    const sum = paragraph([`${count}: ${node.name}.grad = `, gradient(fine(total)), "."]);
    sum.classList.add("sum");
    rows.append(list, sum);
    if (graph.live) {
        rows.append(flutterWords(node, read, total));
    }
    list.querySelectorAll("button")[focused]?.focus();
}

// What a small change of a leaf does, foretold by its gradient and computed.
function flutterWords(node, read, slope) {
    const numbers = leaves.map((leaf) => read.values[leaf.index]);
    const i = leaves.indexOf(node);
    if (i < 0) {
        return "";
    }
    const change = 0.01;
    const moved = reading(numbers.with(i, numbers[i] + change)).values[root.index];
    return paragraph([`A flutter of +${change} at ${node.name} moves ${root.name} by `,
        gradient(fine(slope * change)), " as its gradient says, and by ",
        value(fine(moved - read.values[root.index])), " in fact."]);
}

// Lights up the paths from a node, or one of them; what is not on them is dimmed.
function lightPaths(node, only) {
    const lit = new Set(only ?? []);
    if (node && !only) {
        const reached = new Set([node]);
        for (const edge of edges) { // those of one operation after another
            if (reached.has(edge.from)) {
                reached.add(edge.to);
                lit.add(edge);
            }
        }
    }
    const ends = new Set([...lit].flatMap((edge) => [edge.from, edge.to]));
    const chosen = node !== null;
    edges.forEach((edge) => mark(edge.group, lit.has(edge), chosen));
    nodes.forEach((other) => mark(other.group, other == node || ends.has(other), chosen));
}

function mark(group, lit, chosen) {
    group?.classList.toggle("lit", chosen && lit);
    group?.classList.toggle("dim", chosen && !lit);
}

// -- the butterfly -------------------------------------------------------------------------

let flights = [];

function land() {
    flights.forEach((butterfly) => butterfly.remove());
    flights = [];
}

// A butterfly for each of the largest paths flies from the card to the output; at rest where
// motion is not wanted.
function flutter(node, read) {
    land();
    const found = node && node != root && graph.scalar ? pathsOf(node, read).slice(0, 4) : [];
    for (const {path} of calm.matches ? found.slice(0, 1) : found) {
        fly(path.filter((edge) => edge.wire));
    }
}

function fly(path) {
    if (!path.length) {
        return;
    }
    const butterfly = document.createElementNS(svg.namespaceURI, "g");
    const wings = document.createElementNS(svg.namespaceURI, "path");
    butterfly.setAttribute("class", "butterfly");
    butterfly.setAttribute("aria-hidden", "true");
    wings.setAttribute("d", WINGS);
    butterfly.append(wings);
    path[0].group.parentNode.append(butterfly);
    flights.push(butterfly);
    const lengths = path.map((edge) => edge.wire.getTotalLength());
    const start = performance.now();
    function at(distance) {
        let i = 0;
        while (i < path.length - 1 && distance > lengths[i]) {
            distance -= lengths[i];
            i += 1;
        }
        return path[i].wire.getPointAtLength(Math.min(distance, lengths[i]));
    }
    function put(distance, flap) {
        const {x, y} = at(distance);
        butterfly.setAttribute("transform", `translate(${x} ${y - 7}) scale(${1.4 * flap} 1.4)`);
    }
    put(0, 1);
    if (calm.matches) {
        return;
    }
    const whole = lengths.reduce((a, b) => a + b, 0);
    requestAnimationFrame(function move(now) {
        const distance = (now - start) / 1000 * SPEED;
        if (!butterfly.isConnected) {
            return;
        }
        put(Math.min(distance, whole), 0.35 + 0.65 * Math.abs(Math.cos(now / 90)));
        distance < whole ? requestAnimationFrame(move) : butterfly.remove();
    });
}
