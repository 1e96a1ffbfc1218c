"""Draw a comparison: scores, categories, and errors in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._drawing import (
    COLOURS,
    GREY,
    NORMAL,
    SMALL,
    Lettering,
    axes_for,
    look,
    tidy,
)
from amzest.evaluation._metrics._scoring import Metric
from amzest.utils import count

_PURPOSE = "ClassifierComparison.plot"
#: Room for a name beside an axis, in points.
_NAME_WIDTH = 150.0


def plot_scores(scores: pd.DataFrame, metric: Metric, claim: str, ax: Any) -> Any:
    """Draw a score of each design with its interval.

    Parameters
    ----------
    scores : DataFrame of shape (n_designs, 5)
        Columns `value`, `low`, `high`, `letters` and `leading` (no design is better),
        the best design first.

    metric : Metric
        What is drawn.

    claim : str
        What it takes to be better.

    ax : matplotlib.axes.Axes or None
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.
    """
    lettering = Lettering(_PURPOSE)
    n_designs = len(scores)
    ax = axes_for(ax, 6.8, 1.45 + 0.36 * n_designs, _PURPOSE)
    for place, row in enumerate(scores.itertuples()):
        ax.plot([row.low, row.high], [place, place], color=COLOURS[0], linewidth=1.6)
        ax.plot(
            row.value,
            place,
            marker="o",
            markersize=7,
            markerfacecolor=COLOURS[0] if row.leading else "white",
            markeredgecolor=COLOURS[0],
            markeredgewidth=1.6,
            linestyle="none",
        )
        # x counts in widths of the axes, y in designs.
        ax.text(
            1.02,
            place,
            f"{row.value:.3f}",
            transform=ax.get_yaxis_transform(),
            verticalalignment="center",
            **lettering.style(NORMAL),
        )
        if n_designs > 1:
            ax.text(
                1.13,
                place,
                row.letters,
                transform=ax.get_yaxis_transform(),
                verticalalignment="center",
                **lettering.style(NORMAL, color=GREY),
            )
    names = [lettering.name(name, _NAME_WIDTH, NORMAL) for name in scores.index]
    ax.set_yticks(range(n_designs), names, **lettering.style(NORMAL))
    ax.set_ylim(n_designs - 0.5, -0.5)
    better = "higher" if metric.higher_is_better else "lower"
    label = f"{metric.label} ({metric.unit}; {better} is better)"
    ax.set_xlabel(label[0].upper() + label[1:], fontsize=NORMAL)
    if n_designs > 1:
        ax.set_title(
            "Filled: no design is better. One letter in common: neither is better.\n"
            f"({claim[0].upper()}{claim[1:]})",
            loc="left",
            **lettering.style(SMALL, color=GREY),
        )
    tidy(ax, "x")
    ax.tick_params(axis="y", labelsize=NORMAL, length=0)
    return ax


def plot_categories(table: pd.DataFrame, max_categories: int, ax: Any) -> Any:
    """Draw the F1 of each design in each category.

    Parameters
    ----------
    table : DataFrame
        What :meth:`ClassifierComparison.per_category` returns.

    max_categories : int
        Number of categories that are shown.

    ax : matplotlib.axes.Axes or None
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.
    """
    lettering = Lettering(_PURPOSE)
    names = list(dict.fromkeys(table["design"]))
    n_designs = len(names)
    f1 = table["f1"].to_numpy().reshape(-1, n_designs)
    support = table["support"].to_numpy()[::n_designs]
    categories = table["category"].to_numpy()[::n_designs]
    # A category that nobody names has no F1.
    known = np.flatnonzero(~np.isnan(f1).all(axis=1))
    hardest = known[np.argsort(np.nanmean(f1[known], axis=1), kind="stable")]
    shown = hardest[:max_categories]
    ax = axes_for(ax, 6.8, 1.3 + 0.2 * n_designs**0.5 + 0.3 * len(shown), _PURPOSE)
    places = np.arange(len(shown))
    ax.hlines(
        places,
        np.nanmin(f1[shown], axis=1),
        np.nanmax(f1[shown], axis=1),
        color="0.75",
        linewidth=1.2,
        zorder=1,
    )
    handles = []
    for place, values in enumerate(f1[shown].T):
        style = look(place) | {"linestyle": "none"}
        handles += ax.plot(values, places, markersize=6.5, alpha=0.9, **style)
    labels = [
        f"{lettering.name(categories[row], _NAME_WIDTH, NORMAL, 1)} ({support[row]:,})"
        for row in shown
    ]
    ax.set_yticks(places, labels, **lettering.style(NORMAL))
    ax.set_ylim(len(shown) - 0.5, -0.5)
    label = "F1"
    if len(shown) < len(known):
        label += f" in the {len(shown)} hardest of {count(len(known), 'category')}"
    ax.set_xlabel(f"{label} (from 0 to 1; higher is better)", fontsize=NORMAL)
    ax.set_ylabel("category (rows)", fontsize=NORMAL)
    tidy(ax, "both")
    ax.tick_params(axis="y", labelsize=NORMAL, length=0)
    labels = [lettering.name(name, 110, SMALL, 1) for name in names]
    widest = max(lettering.width(label, SMALL) for label in labels)
    n_columns = max(1, min(n_designs, int(330 // (widest + 35))))
    # Numbers first: matplotlib leaves out labels that start with an underscore.
    legend = ax.legend(
        handles,
        [str(place) for place in range(n_designs)],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderpad=0,
        ncols=n_columns,
        frameon=False,
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, **lettering.style(SMALL))
    return ax


def plot_overlap(fusion: Any, ax: Any) -> Any:
    """Draw which share of each member's errors another one makes too.

    Parameters
    ----------
    fusion : FusionReport
        What is drawn.

    ax : matplotlib.axes.Axes or None
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.
    """
    lettering = Lettering(_PURPOSE)
    matrix = fusion.overlap_matrix()
    shares = matrix.to_numpy(copy=True)
    n_members = len(shares)
    np.fill_diagonal(shares, np.nan)
    side = 0.62 * n_members
    ax = axes_for(ax, 3.6 + side, 2.0 + side, _PURPOSE)
    ax.set_facecolor("0.93")
    image = ax.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
        share = shares[row, column]
        ax.text(
            column,
            row,
            f"{share:.0%}",
            horizontalalignment="center",
            verticalalignment="center",
            **lettering.style(NORMAL, color="black" if share > 0.45 else "white"),
        )
    errors = 1 - fusion.members["accuracy"].to_numpy()
    names = [lettering.name(name, _NAME_WIDTH, NORMAL) for name in fusion.members.index]
    rows = [
        f"{name} ({error:.1%} wrong)" for name, error in zip(names, errors, strict=True)
    ]
    ax.set_yticks(range(n_members), rows, **lettering.style(NORMAL))
    ax.set_xticks(
        range(n_members),
        names,
        rotation=40,
        horizontalalignment="right",
        rotation_mode="anchor",
        **lettering.style(NORMAL),
    )
    ax.set_ylabel("Of the errors of …", fontsize=NORMAL)
    ax.set_xlabel("… so many are errors of this one too", fontsize=NORMAL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, ticks=[0, 0.25, 0.5, 0.75, 1])
    bar.ax.set_yticklabels(["0%", "25%", "50%", "75%", "100%"], fontsize=SMALL)
    bar.set_label("Share of the row’s errors", fontsize=SMALL)
    bar.outline.set_visible(False)
    return ax
