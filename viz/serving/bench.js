"use strict";

// The bench: what is typed goes to the server, its answer is shown, and the address keeps it.

const texts = new Map(); // what was typed as the value of each name, also of one that is not shown
const fields = new Map(); // the field of each name that is shown
const PAUSE = 160; // milliseconds after a key before a question is asked
const NAME = /^[\p{ID_Start}_]\p{ID_Continue}*$/u;
const STEPS = {plain: 0.1, large: 1};
let asking = null; // what ends the question that is asked now
let waiting = 0;
let pending = false; // whether what was typed last has not been asked or answered

// -- asking --------------------------------------------------------------------------------

function question() {
    const values = Object.fromEntries(given());
    return JSON.stringify({expression: $.expression.value, values});
}

// The values of the names that are shown, and of those that the address gave.
function given() {
    return [...texts].filter(([name]) => fields.has(name) || mentioned(name));
}

function mentioned(name) {
    return $.expression.value.normalize("NFKC").includes(name);
}

function askSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
    pending = true;
    mirror();
}

async function ask() {
    clearTimeout(waiting);
    waiting = 0;
    asking?.abort();
    const mine = asking = new AbortController();
    keep();
    pending = true;
    document.body.setAttribute("aria-busy", "true");
    try {
        const reply = await fetch("answer", {
            method: "POST", body: question(), signal: mine.signal,
            headers: {"Content-Type": "application/json"},
        });
        if (reply.status == 503) {
            waiting = setTimeout(ask, 3 * PAUSE);
        } else if (reply.ok) {
            show(await reply.json());
        } else {
            tell(new DOMParser().parseFromString(await reply.text(), "text/html").body.textContent);
        }
    } catch (error) {
        if (error.name != "AbortError") {
            tell("The bench is closed: start it again in the terminal.");
        }
    } finally {
        if (mine == asking && !waiting) {
            pending = false;
            document.body.setAttribute("aria-busy", "false");
        }
    }
}

// -- the address keeps what is typed -------------------------------------------------------

function keep() {
    const pairs = [...fields.keys()].map((name) =>
        `${encodeURIComponent(name)}=${encodeURIComponent(texts.get(name))}`);
    const hash = `#${[encodeURIComponent($.expression.value), ...pairs].join("&")}`;
    if (hash != location.hash) {
        history.replaceState(null, "", hash);
    }
}

function load() {
    const [expression, ...pairs] = location.hash.slice(1).split("&");
    if (!expression) {
        return false;
    }
    $.expression.value = decoded(expression);
    texts.clear();
    for (const pair of pairs) {
        const [name, ...rest] = pair.split("=");
        if (NAME.test(decoded(name))) {
            texts.set(decoded(name), decoded(rest.join("=")));
        }
    }
    for (const [name, card] of fields) {
        card.input.value = texts.get(name) ?? "1";
    }
    mirror();
    ask();
    return true;
}

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

// -- the answer ----------------------------------------------------------------------------

function show(parts) {
    if (parts.values) {
        showFields(parts.values);
        keep();
    }
    const fault = parts.error ?? null;
    mark(fault);
    tell(fault ? inWords(fault) : parts.missing ?? "");
    $.answer.classList.toggle("stale", Boolean(fault));
    $.result.classList.toggle("stale", Boolean(fault));
    if (fault || !parts.result) {
        return;
    }
    $.answer.hidden = $.result.hidden = false;
    $["result-name"].textContent = parts.result.name;
    $["result-value"].textContent = parts.result.value;
    parts.leaves?.forEach(({name, gradient}, i) => {
        [...fields.values()][i].gradient.textContent = gradient;
        [...fields.values()][i].gradient.title = `the gradient of ${name}`;
    });
    showPicture(parts.picture, parts.failed?.picture ?? parts.missing);
    showTable(parts.table);
    showChecks(parts.checks ?? []);
    showProgram(parts.program ?? "");
    showPage();
    say(`${parts.result.name} is ${parts.result.value}. ${$.verdict.textContent}`);
}

function inWords({name, reason}) {
    return name === null ? reason : `The value of ${name}: ${reason}`;
}

function tell(text) {
    $.fault.textContent = text;
}

let speaking = 0;

function say(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { $.said.textContent = text; }, 700);
}

// Underlines the fault in what was typed. The mirror is the same text behind the field; places are
// in characters, of which one can be two units of a string here.
function mirror(offset = null, end = offset) {
    const characters = [...$.expression.value];
    const part = (from, to) => characters.slice(from, to).join("");
    if (offset === null) {
        $.mirror.replaceChildren(`${part(0)}\u200b`);
        return;
    }
    $.mirror.replaceChildren(part(0, offset), element("mark", part(offset, end)), `${part(end)}\u200b`);
}

function mark(fault) {
    const here = fault && fault.name === null && fault.offset !== null;
    mirror(here ? fault.offset : null, here ? fault.end : null);
    if (here) {
        bringIntoField($.mirror.querySelector("mark"));
    }
    $.expression.setAttribute("aria-invalid", Boolean(fault && fault.name === null));
    for (const [name, {input}] of fields) {
        input.setAttribute("aria-invalid", fault?.name === name);
    }
}

// A long expression scrolls within its field.
function bringIntoField(part) {
    const field = $.mirror.parentElement.getBoundingClientRect();
    const {top, bottom} = part.getBoundingClientRect();
    if (top < field.top || bottom > field.bottom) {
        $.mirror.parentElement.scrollTop += top - field.top - field.height / 2;
    }
}

// -- the values, as cards of the graph -----------------------------------------------------

function showFields(values) {
    for (const [name, {card}] of fields) {
        if (!(name in values)) {
            card.remove();
            fields.delete(name);
        }
    }
    const before = new Map(fields);
    fields.clear();
    Object.entries(values).forEach(([name, text], i) => {
        const field = before.get(name) ?? makeField(name, text);
        fields.set(name, field);
        if (!texts.has(name)) {
            texts.set(name, text);
        }
        if ($.leaves.children[i] != field.card) {
            $.leaves.insertBefore(field.card, $.leaves.children[i] ?? null);
        }
    });
}

function makeField(name, text) {
    const input = element("input");
    const gradient = element("span", "", "gradient");
    const card = element("label", "", "card");
    card.append(element("span", name, "name"), input, gradient);
    Object.assign(input, {value: text, className: "value", spellcheck: false, autocomplete: "off",
        maxLength: 1000});
    input.setAttribute("inputmode", "text");
    input.setAttribute("aria-describedby", "fault");
    input.addEventListener("input", () => change(name, input.value));
    input.addEventListener("keydown", (event) => {
        const way = {ArrowUp: 1, ArrowDown: -1}[event.key];
        const number = Number(input.value);
        if (way && input.value.trim() && Number.isFinite(number)) {
            event.preventDefault();
            input.value = stepped(number, way * (event.shiftKey ? STEPS.large : STEPS.plain));
            change(name, input.value);
        } else if (event.key == "Enter") {
            event.preventDefault();
            const next = card.nextElementSibling?.querySelector("input");
            (next ?? $.expression).focus();
        }
    });
    input.addEventListener("focus", () => input.select());
    return {card, input, gradient};
}

function stepped(number, by) {
    return String(Number((number + by).toFixed(9)));
}

function change(name, text) {
    texts.set(name, text);
    askSoon();
}

// -- keys ----------------------------------------------------------------------------------

function listen() {
    $.expression.addEventListener("input", askSoon);
    $.expression.addEventListener("keydown", (event) => {
        if (event.key == "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            ask();
            $.leaves.querySelector("input")?.focus();
        }
    });
    $.form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", load);
    addEventListener("resize", fit);
    for (const which of ["picture", "page"]) {
        $[`tab-${which}`].addEventListener("click", () => choose(which));
        $[`tab-${which}`].addEventListener("keydown", (event) => {
            if (event.key == "ArrowLeft" || event.key == "ArrowRight") {
                const other = which == "picture" ? "page" : "picture";
                choose(other);
                $[`tab-${other}`].focus();
            }
        });
    }
    const keys = {
        "/": () => $.expression.focus(),
        p: () => choose("picture"),
        s: () => choose("page"),
    };
    addEventListener("keydown", (event) => {
        const typing = event.target.closest?.("input, textarea");
        if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key]) {
            event.preventDefault();
            keys[event.key]();
        }
        if (event.key == "Escape") {
            document.activeElement.blur();
        }
    });
}

listen();
if (!load()) {
    location.replace(document.querySelector("nav a").hash);
}
