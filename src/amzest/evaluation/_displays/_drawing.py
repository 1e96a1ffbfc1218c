"""Style, axes and text of the displays."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

from amzest.utils import normalize_unicode, require

#: The palette of Okabe and Ito, for colour-blind readers; each model has a marker too.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", ":")
#: Darker than Okabe and Ito's green and vermilion, for text on white.
RIGHT, WRONG = "#00684A", "#B03A00"
GREY = "0.35"
#: Font sizes in points.
NORMAL, SMALL = 9.0, 8.0
#: Replaces a character that no font has; matplotlib would warn.
NO_GLYPH = "□"
_MAX_CHARACTERS = 500


def new_axes(ax: Any, width: float, height: float, purpose: str) -> Any:
    """Return `ax`, or the axes of a new figure of `width` x `height` inches."""
    pyplot = require("matplotlib.pyplot", extra="plot", purpose=purpose)
    if ax is not None:
        return ax
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def style_axes(ax: Any, grid: str) -> None:
    """Draw a light grid along "x", "y" or "both", and no box."""
    ax.grid(True, axis=grid, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)


def model_style(place: int) -> dict[str, Any]:
    """Return colour, marker and line style of the model at a position from 0."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[place % len(MARKERS)],
        "linestyle": LINES[place // len(COLOURS) % len(LINES)],
    }


def text_style(size: float = NORMAL, **more: Any) -> dict[str, Any]:
    """Return properties of a text without formulas: titles contain dollar signs."""
    plain = {"parse_math": False, "usetex": False, "fontfamily": _families()}
    return {**plain, "fontsize": size, **more}


def plain_text(text: Any) -> str:
    """Return a text on one line, without characters that cannot be drawn."""
    from matplotlib import font_manager

    words = normalize_unicode("NFC", str(text))[:_MAX_CHARACTERS].split()
    wanted = [font_manager.FontProperties(family=[name]) for name in _families()]
    fonts = [font_manager.get_font(font_manager.findfont(font)) for font in wanted]
    return "".join(_drawable(letter, fonts) for letter in " ".join(words))


def short_name(name: Any, n_characters: int = 28) -> str:
    """Return a name on one line, shortened in its middle.

    Paths of categories start alike and differ at their ends.
    """
    text = plain_text(name)
    if len(text) <= n_characters:
        return text
    # One character is the ellipsis.
    tail = n_characters // 2
    return f"{text[: n_characters - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def wrapped_name(name: Any, n_characters: int = 28) -> str:
    """Return a name on two lines at most, shortened in its middle."""
    length, lines = 2 * n_characters, [""] * 3
    while len(lines) > 2:
        lines = textwrap.wrap(short_name(name, length), n_characters)
        length -= 2
    return "\n".join(lines)


def wrapped_text(
    text: Any, width: float, size: float, max_lines: int, **font: Any
) -> list[str]:
    """Return lines of at most `width` points; the rest is cut off.

    `font` has other properties of the font, such as `weight`.
    """
    plain = plain_text(text)
    # textwrap counts characters: start with as many as could fit, narrow letters of
    # about 0.45 em, and measure.
    n_characters = max(int(width / (0.45 * size)), 2)
    while True:
        lines = textwrap.wrap(
            plain, n_characters, max_lines=max_lines, placeholder="…"
        ) or [""]
        widest = max(_text_width(line, size, font) for line in lines)
        if widest <= width or n_characters <= 2:
            return lines
        # Letters differ in width: try again with as many as have fitted.
        n_characters = min(n_characters - 1, max(2, int(n_characters * width / widest)))


def legend_above(
    ax: Any, handles: Sequence[Any], labels: Sequence[str], n_columns: int = 1
) -> Any:
    """Draw a legend above the axes, where it covers no data."""
    # Numbers first: matplotlib ignores labels that start with an underscore.
    legend = ax.legend(
        handles,
        [str(place) for place in range(len(handles))],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.4,
        borderpad=0,
        ncols=n_columns,
        frameon=False,
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, **text_style(SMALL))
    return legend


def _families() -> list[str]:
    """Return the user's fonts, and matplotlib's own for characters they lack."""
    matplotlib = require("matplotlib", extra="plot", purpose="A display")
    return [*dict.fromkeys([*matplotlib.rcParams["font.family"], "DejaVu Sans"])]


def _text_width(text: str, size: float, font: dict[str, Any]) -> float:
    """Return the width of a text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0
    font = {"family": _families(), **font}
    path = TextPath((0, 0), text, size=size, prop=FontProperties(**font))
    # Hinting makes rendered letters up to 3% wider.
    return 1.03 * float(path.get_extents().x1)


def _drawable(letter: str, fonts: list[Any]) -> str:
    kind = unicodedata.category(letter)
    # Joiners, soft hyphens and marks of direction have no glyph.
    if kind in ("Cc", "Cf", "Cs"):
        return ""
    if any(font.get_char_index(ord(letter)) for font in fonts):
        return letter
    return "" if kind == "Mn" else NO_GLYPH
