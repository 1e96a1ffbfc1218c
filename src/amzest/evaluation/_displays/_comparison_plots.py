"""Plots of a comparison: scores, categories, and shared errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._drawing import (
    COLOURS,
    GREY,
    NORMAL,
    SMALL,
    legend_above,
    model_style,
    new_axes,
    short_name,
    style_axes,
    text_style,
    wrapped_name,
)
from amzest.utils import count

_PURPOSE = "ClassifierComparison.plot"


def plot_scores(scores: pd.DataFrame, label: str, test: str, ax: Any) -> Any:
    """Plot the score of each design with its interval.

    The columns of `scores` are `value`, `low`, `high`, `letters` and `leading`, the
    best design first. `test` is written above the plot.
    """
    n_designs = len(scores)
    ax = new_axes(ax, 6.8, 1.6 + 0.36 * n_designs, _PURPOSE)
    places = np.arange(n_designs)
    colours = np.where(scores["leading"], COLOURS[0], "white")
    ax.hlines(places, scores["low"], scores["high"], color=COLOURS[0], linewidth=1.6)
    ax.scatter(
        scores["value"], places, s=49, c=colours, edgecolors=COLOURS[0], linewidths=1.6,
        zorder=3,
    )  # fmt: skip
    # x in widths of the axes, y in designs.
    right = ax.get_yaxis_transform()
    for place, row in enumerate(scores.itertuples()):
        value = f"{row.value:.3f}"
        ax.text(1.02, place, value, transform=right, va="center", **text_style())
        if n_designs > 1:
            ax.annotate(
                row.letters,
                (1.02, place),
                xycoords=right,
                xytext=(4 * NORMAL, 0),
                textcoords="offset points",
                va="center",
                **text_style(color=GREY),
            )
    names = [wrapped_name(name) for name in scores.index]
    ax.set_yticks(places, names, **text_style())
    ax.set_ylim(n_designs - 0.5, -0.5)
    ax.set_xlabel(label, fontsize=NORMAL)
    if n_designs > 1:
        ax.set_title(
            "Designs without a letter in common differ significantly\n"
            f"({test}).\n"
            "Filled: no design is significantly better.",
            loc="left",
            **text_style(SMALL, color=GREY),
        )
    style_axes(ax, "x")
    ax.tick_params(axis="y", labelsize=NORMAL, length=0)
    return ax


def plot_categories(table: pd.DataFrame, max_categories: int, ax: Any) -> Any:
    """Plot the F1 of each design in each category.

    `table` is the result of `ClassifierComparison.per_category`.
    """
    names = list(dict.fromkeys(table["design"]))
    n_designs = len(names)
    f1 = table["f1"].to_numpy().reshape(-1, n_designs)
    support = table["support"].to_numpy()[::n_designs]
    categories = table["category"].to_numpy()[::n_designs]
    # A category without true or predicted samples has no F1.
    known = np.flatnonzero(~np.isnan(f1).all(axis=1))
    # The mean F1 over the designs defines how hard a category is.
    hardest = known[np.argsort(np.nanmean(f1[known], axis=1), kind="stable")]
    shown = hardest[:max_categories]
    ax = new_axes(ax, 6.8, 1.3 + 0.2 * n_designs**0.5 + 0.3 * len(shown), _PURPOSE)
    places = np.arange(len(shown))
    low, high = np.nanmin(f1[shown], axis=1), np.nanmax(f1[shown], axis=1)
    ax.hlines(places, low, high, color="0.75", linewidth=1.2, zorder=1)
    handles = []
    for place, values in enumerate(f1[shown].T):
        style = model_style(place) | {"linestyle": "none"}
        handles += ax.plot(values, places, markersize=6.5, alpha=0.9, **style)
    labels = [f"{short_name(categories[row])} ({support[row]:,})" for row in shown]
    ax.set_yticks(places, labels, **text_style())
    ax.set_ylim(len(shown) - 0.5, -0.5)
    label = "F1"
    if len(shown) < len(known):
        label += f" in the {len(shown)} hardest of {count(len(known), 'category')}"
    ax.set_xlabel(f"{label} (higher is better)", fontsize=NORMAL)
    ax.set_ylabel("category (support)", fontsize=NORMAL)
    style_axes(ax, "both")
    ax.tick_params(axis="y", labelsize=NORMAL, length=0)
    short = [short_name(name) for name in names]
    # A legend as wide as the axes has about 68 characters, 6 of them per handle.
    n_columns = max(1, min(n_designs, 68 // (max(map(len, short)) + 6)))
    legend_above(ax, handles, short, n_columns)
    return ax


def plot_overlap(matrix: pd.DataFrame, accuracy: pd.Series, ax: Any) -> Any:
    """Plot the fraction of the errors of each member that others make too.

    `matrix` has the fraction of the row's errors; `accuracy` is that of each member.
    """
    shares = matrix.to_numpy(copy=True)
    n_members = len(shares)
    np.fill_diagonal(shares, np.nan)
    side = 0.62 * n_members
    ax = new_axes(ax, 4.0 + side, 2.0 + side, _PURPOSE)
    ax.set_facecolor("0.93")
    image = ax.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
        share = shares[row, column]
        # The colour map is dark for small values.
        color = "black" if share > 0.45 else "white"
        style = text_style(color=color, ha="center", va="center")
        ax.text(column, row, f"{share:.0%}", **style)
    names = [wrapped_name(name, 22) for name in matrix.index]
    rows = [
        f"{name}\n(error rate {1 - value:.1%})"
        for name, value in zip(names, accuracy, strict=True)
    ]
    ax.set_yticks(range(n_members), rows, **text_style())
    turned = text_style(rotation=40, ha="right", rotation_mode="anchor")
    ax.set_xticks(range(n_members), names, **turned)
    ax.set_ylabel("errors of", fontsize=NORMAL)
    ax.set_xlabel("also errors of", fontsize=NORMAL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, ticks=[0, 0.25, 0.5, 0.75, 1])
    bar.ax.set_yticklabels(["0%", "25%", "50%", "75%", "100%"], fontsize=SMALL)
    bar.set_label("fraction of the errors of the row", fontsize=SMALL)
    bar.outline.set_visible(False)
    return ax
