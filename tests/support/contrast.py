"""Whether all text in a window stands out from what is painted behind it."""

# Of every text that is seen: its colour, and the colour of what is painted right behind it.
COLOURS = """
const seen = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const solid = (colour) => colour && colour != "none" && !/, 0\\)$|transparent/.test(colour);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const unseen = element.closest("script, style, option, title, #mirror");
    if (!walker.currentNode.textContent.trim() || unseen) {
        continue;
    }
    const inSvg = element.closest("svg");
    element.scrollIntoView({block: "center", inline: "center"});
    const box = element.getBoundingClientRect();
    if (!box.width || !element.checkVisibility() || element.closest(".unseen")) {
        continue;
    }
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let behind = null;
    const stack = document.elementsFromPoint(x, y);
    for (const other of stack.slice(Math.max(stack.indexOf(element), 0))) {
        const style = getComputedStyle(other);
        const shape = other instanceof SVGGeometryElement;
        const fill = shape ? style.fill : style.backgroundColor;
        if (solid(fill) && Number(style.opacity) == 1) {
            behind = fill;
            break;
        }
    }
    const style = getComputedStyle(element);
    seen.push([element.textContent.slice(0, 40), inSvg ? style.fill : style.color, behind]);
}
return seen;
"""


def luminance(colour):
    """Of "#0b5cad", or of "rgb(11, 92, 173)", as WCAG 2 has it."""
    if colour.startswith("#"):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    else:
        parts = [float(p) / 255 for p in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def too_faint(window, least, fewest):
    """The texts whose contrast is less, with colours; there are at least so many texts."""
    found = window.run(COLOURS)
    assert len(found) > fewest
    low = [(text, colour, behind, contrast(colour, behind)) for text, colour, behind in found]
    return [one for one in low if one[-1] < least]
