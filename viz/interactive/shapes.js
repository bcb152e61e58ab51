"use strict";

// Shapes: parts of an SVG, and lines through numbers of which some may be far, or none.

const SVG = "http://www.w3.org/2000/svg";

// An element of an SVG, with its attributes and its text.
function part(kind, attributes, text) {
    const made = document.createElementNS(SVG, kind);
    Object.entries(attributes).forEach(([name, told]) => made.setAttribute(name, told));
    if (text !== undefined) {
        made.textContent = text;
    }
    return made;
}

function scale([low, high], from, to) {
    return (x) => from + (x - low) / (high - low) * (to - from);
}

// The parts of a line where its numbers are finite; what is far out of the plot is still far out.
function lineThrough(points) {
    let pen = "M";
    const near = (x) => Math.min(Math.max(x, -1e5), 1e5).toFixed(2);
    return points.map(([x, y]) => {
        if (!Number.isFinite(x) || !Number.isFinite(y)) {
            pen = "M";
            return "";
        }
        const text = `${pen}${near(x)},${near(y)}`;
        pen = "L";
        return text;
    }).join("");
}
