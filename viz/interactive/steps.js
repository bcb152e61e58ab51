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

// A sentence of the page's, its slots filled: `{name}` with a text or parts, `{value.own}` with a
// number of that kind.
function sentence(which, given) {
    return graph.sentences[which].split(/\{([\w.]+)\}/).flatMap((text, i) => {
        const [kind, slot] = text.split(".");
        if (i % 2 == 0) {
            return text ? [text] : [];
        }
        return slot ? [{kind, text: fine(given[slot])}] : given[kind];
    });
}

// What a node is called in a sentence: w0, or * (n2).
function called(node) {
    return node.title == node.name ? node.name : `${node.title} (${node.name})`;
}

// The step in words: paragraphs, each a list of texts and numbers.
function words(step, read) {
    const {phase, gradients, before} = known(step, read);
    const {kind, node} = phase;
    if (kind == "start") {
        return [sentence("start", {})];
    }
    if (kind == "forward") {
        return [forwardWords(node, read)];
    }
    if (kind == "seed") {
        const given = {name: root.name, own: read.values[root.index], seed: SEED};
        return [sentence(root.shape ? "seed array" : "seed", given)];
    }
    return kind == "end" ? endWords(read) : backwardWords(node, read, gradients, before);
}

function forwardWords(node, read) {
    const {name, formula, shape} = node;
    const given = {name, formula, shape, own: read.values[node.index]};
    if (shape || node.into.some((edge) => edge.from.shape)) {
        return sentence(shape ? "forward array" : "forward number", given);
    }
    const each = node.into.map(({from}) => `${from.name} = ${fine(read.values[from.index])}`);
    return sentence("forward", {...given, operands: [...new Set(each)].join(" and ")});
}

function backwardWords(node, read, gradients, before) {
    const own = gradients[node.index].sum;
    const which = graph.scalar ? (own == 0 ? "nothing" : "sends") : `pulls ${node.shape ? "array" : "number"}`;
    return [sentence(which, {called: called(node), own}), ...sums(node, read, own, before)];
}

// What each input gets, one after another: the first `=`, those that come later `+=`.
function sums(node, read, own, before) {
    const so = new Map();
    return node.into.map((edge) => {
        const was = so.get(edge.from) ?? before[edge.from.index].sum;
        const part = contribution(edge, own, read.locals);
        const now = edge.local === undefined ? edge.after : (was ?? 0) + part;
        so.set(edge.from, now);
        const sign = was === undefined ? "=" : "+=";
        const sum = was === undefined ? [] : sentence("sum", {was, now});
        const given = {name: edge.from.name, sign, part, sum, rule: edge.text};
        return edge.local === undefined
            ? sentence("part by rule", given)
            : sentence("part", {...given, own, slope: read.locals[edge.index]});
    });
}

function endWords(read) {
    if (!graph.scalar) {
        return [sentence("end arrays", {name: root.name})];
    }
    const all = allGradients(read.locals);
    const some = listed.filter((leaf) => leaf.out.length || leaf == root).slice(0, 8);
    const gradients = some.flatMap((leaf, i) => [
        i ? ", " : "", ...sentence("gradient", {name: leaf.name, own: all[leaf.index]}),
    ]);
    gradients.push(some.length < leaves.length ? ", …" : ".");
    const steepest = some.reduce((a, b) =>
        (Math.abs(all[b.index]) > Math.abs(all[a.index]) ? b : a), some[0]);
    return [
        sentence("end", {name: root.name, own: read.values[root.index], gradients}),
        sentence("steepest", {name: steepest.name, root: root.name, own: all[steepest.index]}),
    ];
}
