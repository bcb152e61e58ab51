"use strict";

// The steps of the walk, forward and backward, and each in words. What is known at a step follows
// from its number and the leaves' numbers alone.

const COUNT = operations.length;
const LAST = 2 * COUNT + 2;

// Step 0 has the leaves; then each operation is computed; then the output gets its gradient, 1;
// then each operation sends its gradient back; at the last step all is known.
function phaseOf(step) {
    if (step == 0) {
        return {kind: "start"};
    }
    if (step <= COUNT) {
        return {kind: "forward", node: operations[step - 1]};
    }
    if (step == COUNT + 1) {
        return {kind: "seed", node: root};
    }
    return step == LAST ? {kind: "end"} : {kind: "backward", node: operations.at(COUNT + 1 - step)};
}

// The step at which an operation is computed, and that at which it sends its gradient back.
const forwardStep = new Map(operations.map((node, i) => [node, i + 1]));
const backwardStep = new Map(operations.map((node, i) => [node, LAST - 1 - i]));

function known(step, read) {
    const sent = Math.min(Math.max(step - COUNT - 1, 0), COUNT);
    return {
        phase: phaseOf(step),
        isComputed: (node) => node.leaf || forwardStep.get(node) <= step,
        gradients: step > COUNT ? gradients(read.locals, sent) : [],
        before: step > COUNT + 1 ? gradients(read.locals, sent - 1) : [],
    };
}

const value = (text) => ({kind: "value", text});
const gradient = (text) => ({kind: "gradient", text});
const local = (text) => ({kind: "local", text});

// What a node is called in a sentence: w0, or * (n2).
function called(node) {
    return node.title == node.name ? node.name : `${node.title} (${node.name})`;
}

// The step in words: paragraphs, each a list of texts and numbers.
function words(step, read) {
    const {phase, gradients, before} = known(step, read);
    const {kind, node} = phase;
    if (kind == "start") {
        return [["The leaves have their values. Each step forward computes one operation of what is known."]];
    }
    if (kind == "forward") {
        return [forwardWords(node, read)];
    }
    if (kind == "seed") {
        return [[
            `The forward pass is done: ${root.name} is `, value(fine(read.values[root.index])),
            `. The walk back starts with ${root.name}.grad = `, gradient("1"),
            `: ${root.name} moves as fast as itself.`,
        ]];
    }
    return kind == "end" ? endWords(read) : backwardWords(node, read, gradients, before);
}

function forwardWords(node, read) {
    const numbers = node.into.map((edge) => read.values[edge.from.index]);
    const parts = [`${node.name} = ${node.formula}`];
    if (!node.shape && node.into.every((edge) => !edge.from.shape)) {
        const each = node.into.map((edge, i) => `${edge.from.name} = ${fine(numbers[i])}`);
        parts.push(" = ", value(fine(read.values[node.index])), `, of ${[...new Set(each)].join(" and ")}.`);
    } else {
        const size = node.shape ? `, ${node.shape}, of norm ` : " = ";
        parts.push(size, value(fine(read.values[node.index])), ".");
    }
    return parts;
}

function backwardWords(node, read, gradients, before) {
    const own = gradients[node.index].sum;
    if (graph.scalar) {
        const head = own == 0
            ? [`${called(node)} has gradient `, gradient("0"), ": nothing flows back through it."]
            : [`${called(node)} has gradient `, gradient(fine(own)),
                " and sends it to its inputs, times each local gradient:"];
        return [head, ...sums(node, read, own, before)];
    }
    const head = [`${called(node)} has a gradient`, node.shape ? " of norm " : " ", gradient(fine(own)),
        " and pulls it back to its inputs:"];
    return [head, ...sums(node, read, own, before)];
}

// What each input gets, one after another: the first `=`, those that come later `+=`.
function sums(node, read, own, before) {
    const so = new Map();
    return node.into.map((edge) => {
        const was = so.get(edge.from) ?? before[edge.from.index].sum;
        const part = contribution(edge, own, read.locals);
        const now = edge.local === undefined ? edge.after : (was ?? 0) + part;
        so.set(edge.from, now);
        const name = `${edge.from.name}.grad ${was === undefined ? "=" : "+="} `;
        const sum = was === undefined ? [] : [" (was ", gradient(fine(was)), ", now ", gradient(fine(now)), ")"];
        if (edge.local === undefined) {
            return [name, `${edge.text}, of norm `, gradient(fine(part)), ...sum];
        }
        return [name, gradient(fine(own)), " × ", local(fine(read.locals[edge.index])), " = ",
            gradient(fine(part)), ...sum];
    });
}

function endWords(read) {
    const all = allGradients(read.locals);
    if (!graph.scalar) {
        return [[`Every gradient is known, of all that ${root.name} was made of.`]];
    }
    const some = listed.filter((leaf) => leaf.out.length || leaf == root).slice(0, 8);
    const each = some.flatMap((leaf, i) => [
        i ? ", " : "", `${leaf.name}.grad\u00a0=\u00a0`, gradient(fine(all[leaf.index])),
    ]);
    const steepest = some.reduce((a, b) =>
        (Math.abs(all[b.index]) > Math.abs(all[a.index]) ? b : a), some[0]);
    const slope = all[steepest.index];
    return [
        [`Every gradient is known. ${root.name} = `, value(fine(read.values[root.index])), ", ", ...each,
            some.length < leaves.length ? ", …" : "."],
        [`A little more of ${steepest.name} moves ${root.name} `, gradient(fine(slope)), " times as far."],
    ];
}
