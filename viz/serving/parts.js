"use strict";

// What the bench shows of an answer: the picture, the page that steps, the table, the checks and the
// program. Nothing that is typed or answered becomes markup, but for the picture, which is an image
// without a script.

const $ = Object.fromEntries([...document.querySelectorAll("[id]")].map((e) => [e.id, e]));

// -- picture and page ----------------------------------------------------------------------

// Pixels to a point of the picture, in which its letters have 11.
const SMALLEST = 1.25;
const LARGEST = 2.4;

function showPicture(text, why) {
    if (!text) {
        $.picture.replaceChildren(element("p", why ?? "", "why"));
        $.save.removeAttribute("href");
        return;
    }
    // Its own style is for where it stands alone: here parts.css has the same.
    const bare = text.replace(/<style>.*?<\/style>/s, "");
    const read = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
    const svg = document.importNode(read, true);
    $.picture.replaceChildren(svg);
    fit();
    $.save.href = `data:image/svg+xml,${encodeURIComponent(text)}`;
}

// As large as there is room, and scrolled where that would be too small to read.
function fit() {
    const svg = $.picture.querySelector("svg");
    if (svg) {
        const {width, height} = svg.viewBox.baseVal;
        const room = Math.max(0.52 * innerHeight, 380);
        const scale = Math.min($.picture.clientWidth / width, room / height, LARGEST);
        svg.style.width = `${Math.max(scale, SMALLEST) * width}px`;
        svg.style.height = `${Math.max(scale, SMALLEST) * height}px`;
    }
}

let shownPage = ""; // its address

function showPage() {
    const address = `page?q=${encodeURIComponent(question())}`;
    $.open.href = address;
    if ($.page.hidden || address == shownPage) {
        return;
    }
    shownPage = address;
    const frame = element("iframe");
    frame.title = "the graph, to step through";
    frame.setAttribute("sandbox", "allow-scripts");
    frame.src = `${address}#step=0`;
    $.page.replaceChildren(frame);
}

function choose(which) {
    for (const name of ["picture", "page"]) {
        const tab = $[`tab-${name}`];
        tab.setAttribute("aria-selected", name == which);
        tab.tabIndex = name == which ? 0 : -1;
        $[name].hidden = name != which;
    }
    showPage();
    fit();
    if (which == "page") {
        $.stage.scrollIntoView();
    }
}

// -- table, checks, program ----------------------------------------------------------------

function showTable(table) {
    $.rows.replaceChildren(...(table?.rows ?? []).map((row) => {
        const local = element("td", "", "local");
        local.textContent = row.local.map((one) => `∂/∂${one.by} = ${one.is}`).join(",  ");
        return line(element("th", row.name), element("td", row.formula, "code"),
            element("td", row.value, "number value"), element("td", row.gradient, "number gradient"),
            local);
    }));
    $.more.textContent = table?.more ? `and ${table.more} more before these` : "";
}

const SIGNS = {agrees: "✓", kink: "∧", unclear: "?", differs: "✗"};

function showChecks(checks) {
    $.checks.replaceChildren(...checks.map((check) => {
        const verdict = element("td", `${SIGNS[check.verdict]} ${check.note}`, check.verdict);
        const what = element("th", check.what);
        if (check.backward === undefined) {
            what.colSpan = 3;
            return line(what, verdict);
        }
        return line(what, element("td", check.backward, "number gradient"),
            element("td", check.oracle, "number"), verdict);
    }));
    const count = (verdict) => checks.filter((check) => check.verdict == verdict).length;
    const others = [["differs", "wrong"], ["kink", "at a kink"], ["unclear", "unclear"]]
        .filter(([verdict]) => count(verdict))
        .map(([verdict, words]) => `${count(verdict)} ${count(verdict) == 1 ? "is" : "are"} ${words}`);
    $.verdict.textContent = others.length
        ? `${count("agrees")} of ${checks.length} checks agree, ${others.join(", ")}.`
        : `✓ ${checks.length > 1 ? "Gradient, finite differences and derived program agree."
            : "The derived program agrees."}`;
    $.verdict.className = count("differs") ? "differs" : others.length ? "unclear" : "agrees";
}

const WORDS = /(#.*|"""[^]*?""")|\b(def|return|import|if|else|and|or|not|from|for|in)\b/g;

function showProgram(text) {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(WORDS)) {
        parts.push(text.slice(end, match.index), element("span", match[0], match[1] ? "quiet" : "word"));
        end = match.index + match[0].length;
    }
    $.program.replaceChildren(...parts, text.slice(end));
}

// -- making --------------------------------------------------------------------------------

function element(kind, text = "", name = "") {
    const made = document.createElement(kind);
    made.textContent = text;
    made.className = name;
    return made;
}

function line(...cells) {
    const row = element("tr");
    row.append(...cells);
    return row;
}
