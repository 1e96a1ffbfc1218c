"""What the displays share in drawing: looks, axes, and text that fits its place."""

from __future__ import annotations

import unicodedata
from typing import Any

from amzest.utils import normalize_unicode, require

#: Okabe and Ito's colours, which colour-blind readers can tell apart; each model has a
#: marker of its own as well.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", ":")
#: Darker than Okabe and Ito's green and vermilion, to be read as text on white.
RIGHT, WRONG = "#00684A", "#B03A00"
GREY = "0.35"
#: Sizes of text in points.
NORMAL, SMALL = 9.0, 8.0
#: Stands for a character that no font at hand has.
NO_GLYPH = "□"
#: Longer texts are cut before they are measured.
_LONGEST = 500


class Lettering:
    """Make names and titles drawable and fit them into a width.

    Titles come from catalogues: they hold dollar signs, which matplotlib takes for
    formulas, characters that the font lacks, and any number of words. Widths are those
    of the fonts that `rcParams` names when the object is made, followed by matplotlib's
    own DejaVu Sans.

    Parameters
    ----------
    purpose : str
        Display that draws, for the message when matplotlib is not there.
    """

    def __init__(self, purpose: str) -> None:
        matplotlib = require("matplotlib", extra="plot", purpose=purpose)
        manager = require("matplotlib.font_manager", extra="plot", purpose=purpose)
        families = [*matplotlib.rcParams["font.family"], "DejaVu Sans"]
        self._families = list(dict.fromkeys(families))
        self._fonts = [
            manager.get_font(manager.findfont(manager.FontProperties(family=[family])))
            for family in self._families
        ]
        self._ems: dict[str, float | None] = {}

    def style(self, size: float, **more: Any) -> dict[str, Any]:
        """Give the properties of a text that is drawn as it is written."""
        plain = {"parse_math": False, "usetex": False, "fontfamily": self._families}
        return {**plain, "fontsize": size, **more}

    def plain(self, text: Any) -> str:
        """Put a text on one line and replace what no font can draw."""
        words = normalize_unicode("NFC", str(text))[:_LONGEST].split()
        return "".join(map(self._drawable, " ".join(words)))

    def width(self, text: str, size: float) -> float:
        """Measure a text in points; 3% more than its letters, for hinting."""
        return 1.03 * size * sum(self._em(letter) or 0.6 for letter in text)

    def wrap(self, text: Any, width: float, size: float, max_lines: int) -> list[str]:
        """Break a text into lines no wider than `width` points; the rest is cut."""
        lines, line = [], ""
        for word in self.plain(text).split(" "):
            joined = f"{line} {word}" if line else word
            if self.width(joined, size) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            line = word
            while self.width(line, size) > width and len(line) > 1:
                n_fitting = self._n_fitting(line, width, size)
                lines.append(line[:n_fitting])
                line = line[n_fitting:]
        lines.append(line)
        if len(lines) > max_lines:
            last = " ".join(lines[max_lines - 1 :])
            n_fitting = self._n_fitting(last, width - self.width("…", size), size)
            lines[max_lines - 1 :] = [last[:n_fitting].rstrip() + "…"]
        return lines

    def name(self, text: Any, width: float, size: float, max_lines: int = 2) -> str:
        """Fit a category's name; what is too much is left out in its middle.

        Paths of categories start alike and differ at their ends.
        """
        plain = self.plain(text)
        lines = self.wrap(plain, width, size, len(plain) + 1)
        kept = len(plain) - 1
        while len(lines) > max_lines and kept > 1:
            head, tail = plain[: (kept + 1) // 2], plain[-(kept // 2) :]
            short = f"{head.rstrip()}…{tail.lstrip()}"
            lines = self.wrap(short, width, size, len(short) + 1)
            kept -= 1
        return "\n".join(lines)

    def _n_fitting(self, text: str, width: float, size: float) -> int:
        used = 0.0
        for n, letter in enumerate(text):
            used += self.width(letter, size)
            if used > width:
                return max(n, 1)
        return len(text)

    def _drawable(self, letter: str) -> str:
        kind = unicodedata.category(letter)
        # Joiners, soft hyphens and marks of direction have no shape of their own;
        # neither have marks of variants, which are wanted where a font knows them.
        if kind in ("Cc", "Cf", "Cs"):
            return ""
        if self._em(letter) is not None:
            return letter
        return "" if kind == "Mn" else NO_GLYPH

    def _em(self, letter: str) -> float | None:
        """Measure a letter in units of the font's size; None where it is in no font."""
        if letter not in self._ems:
            self._ems[letter] = None
            for font in self._fonts:
                if font.get_char_index(ord(letter)):
                    font.set_size(12, 72)
                    glyph = font.load_char(ord(letter))
                    self._ems[letter] = glyph.linearHoriAdvance / 65536 / 12
                    break
        return self._ems[letter]


def axes_for(ax: Any, width: float, height: float, purpose: str) -> Any:
    """Give the axes to draw in: the user's, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        What the user gave.

    width, height : float
        Size of a new figure in inches.

    purpose : str
        Display that draws, for the message when matplotlib is not there.

    Returns
    -------
    matplotlib Axes
        The axes.
    """
    if ax is not None:
        return ax
    pyplot = require("matplotlib.pyplot", extra="plot", purpose=purpose)
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def tidy(ax: Any, grid: str) -> None:
    """Give axes light grid lines in one direction or ``"both"``, and no box."""
    ax.grid(True, axis=grid, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)


def look(place: int) -> dict[str, Any]:
    """Give colour, marker and line of the model at a place, counted from 0."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[place % len(MARKERS)],
        "linestyle": LINES[place // len(COLOURS) % len(LINES)],
    }


def room_in(ax: Any) -> float:
    """Measure the width of axes in points."""
    return float(ax.get_window_extent().width / ax.figure.dpi * 72)


def legend_above(
    ax: Any,
    letters: Lettering,
    handles: list[Any],
    labels: list[tuple[str, str]],
    n_columns: int = 1,
) -> Any:
    """Put a legend above the axes, where it covers no data.

    Parameters
    ----------
    ax : matplotlib Axes
        Where it belongs.

    letters : Lettering
        Draws the labels as they are.

    handles : list of matplotlib Artist
        What is explained.

    labels : list of tuple of (str, str)
        A name, which is shortened to fit, and what is said of it.

    n_columns : int, default=1
        Columns of the legend.

    Returns
    -------
    matplotlib Legend
        The legend.
    """
    # Numbers first: matplotlib leaves out labels that start with an underscore.
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
    # What handles, the space beside them and that between columns take.
    room = room_in(ax) / n_columns - 5 * NORMAL
    for text, (name, said) in zip(legend.get_texts(), labels, strict=True):
        left = max(room - letters.width(said, SMALL), 40)
        text.set(text=letters.name(name, left, SMALL, 1) + said, **letters.style(SMALL))
    return legend
