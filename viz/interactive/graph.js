"use strict";

// The graph, and what is computed on it: values, local gradients, gradients, paths.

const graph = JSON.parse(document.getElementById("graph").textContent);
const nodes = graph.nodes;
const edges = graph.edges;

nodes.forEach((node, i) => Object.assign(node, {
    index: i, id: `n${i}`, value: number(node.value), into: [], out: [], leaf: !node.formula,
}));
edges.forEach((edge, i) => {
    const ends = {from: nodes[edge.from], to: nodes[edge.to]};
    const told = {flow: number(edge.flow), after: number(edge.after)};
    const local = "local" in edge ? number(edge.local) : undefined;
    Object.assign(edge, ends, told, {index: i, id: `e${ends.to.id}_${edge.operand}`, local});
    edge.from.out.push(edge);
    edge.to.into.push(edge);
});

const root = nodes.at(-1);
// Where the walk back starts: 1, and of an array the norm of so many ones.
const SEED = root.shape ? Math.sqrt(root.shape.split("×").reduce((size, n) => size * n, 1)) : 1;
const leaves = nodes.filter((node) => node.leaf);
// In the order of their names: w2 before w10.
const listed = [...leaves].sort((a, b) => a.name.localeCompare(b.name, "en", {numeric: true}));
const operations = nodes.filter((node) => !node.leaf);

// All values and local gradients for these numbers of the leaves.
function reading(numbers) {
    if (!graph.live) {
        return {values: nodes.map((node) => node.value), locals: edges.map((edge) => edge.local)};
    }
    const values = Array(nodes.length);
    const [computed, locals] = compute(...numbers);
    leaves.forEach((leaf, i) => { values[leaf.index] = numbers[i]; });
    operations.forEach((node, i) => { values[node.index] = Number(computed[i]); });
    return {values, locals: locals.map(Number)};
}

// What an edge sends back of the gradient behind it. A gradient of 0 stops, whatever it meets; so
// does any at a branch that is not taken.
function contribution(edge, gradient, locals) {
    if (edge.local === undefined) {
        return edge.flow;
    }
    const local = locals[edge.index];
    return gradient == 0 || (edge.choice && local == 0) ? 0 : gradient * local;
}

// The gradients after the first `count` operations, from the last one on, have sent theirs back.
// Of each: its number so far, and how many edges have yet to add to it.
function gradients(locals, count) {
    const found = nodes.map((node) => ({sum: undefined, missing: node.out.length}));
    found[root.index].sum = SEED;
    for (const node of operations.slice(operations.length - count).reverse()) {
        for (const edge of node.into) {
            const at = found[edge.from.index];
            const part = contribution(edge, found[node.index].sum, locals);
            at.sum = edge.local === undefined ? edge.after : (at.sum ?? 0) + part;
            at.missing -= 1;
        }
    }
    return found;
}

// Every gradient, complete.
function allGradients(locals) {
    return gradients(locals, operations.length).map((gradient) => gradient.sum ?? 0);
}

// How many ways lead from each node to the output.
function pathCounts() {
    const counts = nodes.map((node) => (node == root ? 1 : 0));
    for (const node of [...operations].reverse()) {
        node.into.forEach((edge) => { counts[edge.from.index] += counts[node.index]; });
    }
    return counts;
}

// Up to `most` paths from a node to the output, each a list of edges.
function pathsFrom(start, most) {
    const found = [];
    const stack = [[start, []]];
    while (stack.length && found.length < most) {
        const [node, path] = stack.pop();
        if (node == root) {
            found.push(path);
        }
        [...node.out].reverse().forEach((edge) => stack.push([edge.to, [...path, edge]]));
    }
    return found;
}

// What a path alone would make the gradient: the product of its local gradients.
function productOf(path, locals) {
    return path.reduceRight((gradient, edge) => contribution(edge, gradient, locals), 1);
}
