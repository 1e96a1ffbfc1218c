"""Table and plot of accuracy against fit time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from side_by_side import make_table

Record = dict[str, Any]

HEADER = ("table", "design", "setting", "accuracy", "macro-F1", "fit", "processor", "n")
#: Colours; amzest's classifiers have solid lines and circles, baselines dashed lines
#: and squares.
COLOURS = {
    "Text linear": "#56B4E9",
    "Text CNN": "#0072B2",
    "Text LSTM": "#009E73",
    "Text Transformer": "#CC79A7",
    "Image CNN": "#0072B2",
    "Image Inception": "#009E73",
    "TF-IDF + LinearSVC": "#D55E00",
    "fastText": "#E69F00",
    "plain Keras text CNN": "#555555",
    "HOG + colours, forest": "#D55E00",
    "plain Keras image CNN": "#555555",
}
OURS = (
    "Text linear",
    "Text CNN",
    "Text LSTM",
    "Text Transformer",
    "Image CNN",
    "Image Inception",
)


def means(records: Sequence[Record]) -> list[Record]:
    """Average over seeds, in the order of the first measurements."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        key = (record["table"], record["design"], record["setting"])
        groups.setdefault(key, []).append(record)
    numbers = ("accuracy", "macro_f1", "fit_wall", "fit_processor")
    return [
        {
            **dict(zip(("table", "design", "setting"), key, strict=True)),
            **{n: statistics.fmean(each[n] for each in group) for n in numbers},
            "n": len(group),
        }
        for key, group in groups.items()
    ]


def print_table(records: Sequence[Record], clock: str) -> None:
    """Print one line per setting, the fastest first within a table."""
    averaged = means(records)
    tables = list(dict.fromkeys(record["table"] for record in averaged))
    averaged.sort(key=lambda r: (tables.index(r["table"]), r[f"fit_{clock}"]))
    rows = [
        (
            record["table"],
            record["design"],
            record["setting"],
            f"{record['accuracy']:.3f}",
            f"{record['macro_f1']:.3f}",
            f"{record['fit_wall']:.1f} s",
            f"{record['fit_processor']:.1f} s",
            str(record["n"]),
        )
        for record in averaged
    ]
    print(f"\n{make_table(HEADER, rows)}")


def draw(records: Sequence[Record], clock: str, path: Path) -> Path:
    """Plot accuracy against fit time, one panel per table and one line per classifier.

    Parameters
    ----------
    records : list of dict
        Measurements.

    clock : {"wall", "processor"}
        Clock to use.

    path : Path
        File to write.

    Returns
    -------
    Path
        The file.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    averaged = means(records)
    tables = list(dict.fromkeys(record["table"] for record in averaged))
    columns = min(2, len(tables))
    rows = -(-len(tables) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(6.6 * columns, 5.0 * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(tables) :]:
        axis.set_visible(False)
    for axis, table in zip(axes.flat, tables, strict=False):
        here = [record for record in averaged if record["table"] == table]
        for design in dict.fromkeys(record["design"] for record in here):
            points = sorted(
                (record[f"fit_{clock}"], record["accuracy"], record["setting"])
                for record in here
                if record["design"] == design
            )
            seconds, accuracy, settings = zip(*points, strict=True)
            ours = design in OURS
            axis.plot(
                seconds,
                accuracy,
                color=COLOURS.get(design),
                linestyle="-" if ours else "--",
                marker="o" if ours else "s",
                markersize=6,
                linewidth=2 if ours else 1.2,
                label=design,
            )
            for x, y, setting in zip(seconds, accuracy, settings, strict=True):
                axis.annotate(
                    setting,
                    (x, y),
                    xytext=(4, 5),
                    textcoords="offset points",
                    fontsize=7,
                    color=COLOURS.get(design),
                )
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.12, y=0.1)
        axis.set_title(table)
        axis.set_xlabel(f"fit time in seconds ({clock} time, log scale)")
        axis.set_ylabel("accuracy on the test set (20 %)")
        axis.grid(alpha=0.3)
        axis.legend(
            fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3
        )
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return path
