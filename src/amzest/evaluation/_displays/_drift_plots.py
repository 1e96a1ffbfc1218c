"""Plots of a comparison of data: effects, shares and confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._drawing import (
    COLOURS,
    GREY,
    LINES,
    MARKERS,
    NORMAL,
    SMALL,
    legend_above,
    new_axes,
    short_name,
    style_axes,
    text_style,
)

_PURPOSE = "DataComparison.plot"


def plot_effects(
    checks: pd.DataFrame, min_effect: float, max_items: int, ax: Any
) -> Any:
    """Plot the effect of each check, the largest at the top."""
    known = checks[checks["effect"].notna()]
    known = known.sort_values("effect", ascending=False, kind="stable")
    some = known.iloc[:max_items]
    largest = max([min_effect, *some["effect"]])
    ax = new_axes(ax, 6.8, 1.3 + 0.28 * len(some), _PURPOSE)
    places = np.arange(len(some))
    colours = np.where(some["drift"], COLOURS[0], "white")
    ax.hlines(places, 0, some["effect"], color=COLOURS[0], linewidth=1.6)
    ax.scatter(
        some["effect"], places, s=49, c=colours, edgecolors=COLOURS[0], linewidths=1.6,
        zorder=3,
    )  # fmt: skip
    ax.axvline(min_effect, color=GREY, linestyle="--", linewidth=1)
    names = [
        f"{short_name(source)}: {check}"
        for source, check in zip(some["source"], some["check"], strict=True)
    ]
    _label_rows(ax, names)
    ax.set_xlim(0, max(1.05 * largest, 0.1))
    ax.set_xlabel("effect (0: equal distributions, 1: no overlap)", fontsize=NORMAL)
    ax.set_title(
        "Filled: significant, with an effect above the dashed line",
        loc="left",
        **text_style(SMALL, color=GREY),
    )
    return ax


def plot_shares(table: pd.DataFrame, label: str, ax: Any) -> Any:
    """Plot one or two shares of each word or category, in the order of the table."""
    ax = new_axes(ax, 6.8, 1.3 + 0.28 * len(table), _PURPOSE)
    places = np.arange(len(table))
    two = table.shape[1] > 1
    start = table.min(axis=1) if two else 0
    ax.hlines(places, start, table.max(axis=1), color="0.75", linewidth=1.2, zorder=1)
    handles = []
    for number, name in enumerate(table.columns):
        handles += ax.plot(
            table[name], places, linestyle="none", marker=MARKERS[number],
            color=COLOURS[number], markersize=6.5,
        )  # fmt: skip
    _label_rows(ax, [short_name(name) for name in table.index])
    ax.set_xlim(left=0)
    ax.set_xlabel(label, fontsize=NORMAL)
    if two:
        legend_above(ax, handles, list(table.columns), 2)
    return ax


def plot_confidence(
    reference: NDArray[np.float32], new: NDArray[np.float32], ax: Any
) -> Any:
    """Plot the cumulative distributions of the confidence."""
    ax = new_axes(ax, 6.4, 4.2, _PURPOSE)
    handles = []
    for number, values in enumerate((reference, new)):
        handles.append(ax.ecdf(values, color=COLOURS[number], linestyle=LINES[number]))
    style_axes(ax, "both")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel("confidence (probability of the predicted class)", fontsize=NORMAL)
    ax.set_ylabel("share of rows with at most this confidence", fontsize=NORMAL)
    legend_above(ax, handles, ["reference", "new"], 2)
    return ax


def _label_rows(ax: Any, names: list[str]) -> None:
    ax.set_yticks(np.arange(len(names)), names, **text_style())
    ax.set_ylim(len(names) - 0.5, -0.5)
    style_axes(ax, "x")
    ax.tick_params(axis="y", labelsize=NORMAL, length=0)
