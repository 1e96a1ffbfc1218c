"""How many products can be left to a model, and how well it sorts those."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    Lettering,
    axes_for,
    legend_above,
    look,
    tidy,
)
from amzest.evaluation._displays._inputs import (
    as_models,
    name_of,
    predict_with,
    top_labels,
)
from amzest.utils import shown


class CoveragePrecisionDisplay:
    """Precision of the surest answers against the share of products that get one.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. A model answers
    where the probability of its predicted category reaches a threshold; the rest goes
    to a person. Each threshold is a point: the share answered, and how much of that
    is right.

    Parameters
    ----------
    curves : DataFrame
        One row a threshold of a model, as :meth:`frame` gives it.

    target_precision : float or None, default=0.95
        Precision that is marked, from 0 to 1. With None nothing is.

    Attributes
    ----------
    curves : DataFrame
        The parameter.

    target_precision : float or None
        The parameter.

    ax_ : matplotlib Axes
        Axes with the curves. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    amzest.evaluation.ReliabilityDisplay : Whether the probabilities can be believed.
    sklearn.model_selection.TunedThresholdClassifierCV : Tunes a threshold of two
        classes.

    Notes
    -----
    This is the risk-coverage curve of [1]_ with the precision, 1 - risk, in place of
    the risk. A threshold that is read from it was chosen on these very products: on
    others the precision will be a little lower.

    References
    ----------
    .. [1] R. El-Yaniv and Y. Wiener, "On the foundations of noise-free selective
       classification", Journal of Machine Learning Research 11, 2010.

    Examples
    --------
    >>> from amzest.evaluation import CoveragePrecisionDisplay
    >>> y_true = ["mugs", "mugs", "lamps", "lamps"]
    >>> proba = [[0.2, 0.8], [0.6, 0.4], [0.9, 0.1], [0.7, 0.3]]
    >>> display = CoveragePrecisionDisplay.from_predictions(y_true, proba)
    >>> display.frame()[["threshold", "coverage", "precision"]]
       threshold  coverage  precision
    0        0.9      0.25       1.00
    1        0.8      0.50       1.00
    2        0.7      0.75       1.00
    3        0.6      1.00       0.75
    >>> display.at_target()["coverage"].tolist()
    [0.75]
    """

    def __init__(
        self, curves: pd.DataFrame, target_precision: float | None = 0.95
    ) -> None:
        self.curves = curves
        self.target_precision = target_precision

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        target_precision: float | None = 0.95,
        ax: Any = None,
    ) -> CoveragePrecisionDisplay:
        """Ask fitted classifiers for probabilities and draw the curves.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted classifiers that give probabilities.

        X : array-like of shape (n_samples, ...)
            Products, in the form that they take.

        y : array-like of shape (n_samples,)
            Their true categories. Answers are wrong for those that a model never saw.

        target_precision : float or None, default=0.95
            Precision that is marked, from 0 to 1. With None nothing is.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            When a classifier gives no probabilities.
        """
        tops = {}
        for name, model in as_models(
            "estimator", estimator, name_of(estimator)
        ).items():
            proba, classes = predict_with(model, X)
            tops[name] = top_labels("estimator", y, proba, classes)
        return cls(_curves(tops), target_precision).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        proba: Any,
        *,
        classes: Any = None,
        target_precision: float | None = 0.95,
        ax: Any = None,
    ) -> CoveragePrecisionDisplay:
        """Draw the curves of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True categories.

        proba : array-like of shape (n_samples, n_classes) or dict of str to array-like
            Probabilities of one or several models.

        classes : array-like of shape (n_classes,), default=None
            Categories of the columns of all models. With None the sorted true ones.

        target_precision : float or None, default=0.95
            Precision that is marked, from 0 to 1. With None nothing is.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When labels, categories and probabilities do not fit together.
        """
        models = as_models("proba", proba, "Classifier")
        tops = {
            name: top_labels("proba", y_true, given, classes)
            for name, given in models.items()
        }
        return cls(_curves(tops), target_precision).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the numbers that are drawn.

        Returns
        -------
        curves : DataFrame
            The columns `model`; `threshold`, the probability from which it answers,
            falling; `coverage`, share of the products that get an answer; `precision`,
            share of the answers that are right; and `n_answered`.
        """
        return self.curves.copy()

    def at_target(self) -> pd.DataFrame:
        """Return for each model the most it can answer at the target precision.

        Returns
        -------
        points : DataFrame
            Rows of :meth:`frame`, one for each model that reaches the target. Empty
            when `target_precision` is None.
        """
        if self.target_precision is None:
            return self.curves.iloc[:0].copy()
        reached = self.curves[self.curves["precision"] >= self.target_precision]
        return reached.groupby("model", sort=False).tail(1).reset_index(drop=True)

    def plot(self, ax: Any = None) -> CoveragePrecisionDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display itself.

        Raises
        ------
        ValueError
            When `target_precision` is not between 0 and 1.
        """
        target = self.target_precision
        if target is not None and not (isinstance(target, Real) and 0 < target <= 1):
            raise ValueError(
                f"`target_precision` must be above 0 and at most 1, or None, got "
                f"{shown(target)}."
            )
        name = type(self).__name__
        letters = Lettering(name)
        models = list(self.curves.groupby("model", sort=False))
        self.ax_ = axes_for(ax, 6.4, 4.2 + 0.2 * len(models), name)
        self.figure_ = self.ax_.figure
        points = self.at_target().set_index("model")
        if target is not None:
            self.ax_.axhline(target, color="0.5", linewidth=1, linestyle="--")
        handles: list[Any] = []
        labels = []
        lowest = 1.0
        for place, (model, curve) in enumerate(models):
            style = look(place)
            marker = style.pop("marker")
            only = len(curve) == 1
            handles += self.ax_.plot(
                curve["coverage"],
                curve["precision"],
                **style,
                marker=marker,
                markevery=slice(0, 1 if only else 0),
                clip_on=not only,
                linewidth=1.6,
            )
            # The share of a handful of answers jumps; it may leave the picture.
            settled = curve[curve["n_answered"] >= min(20, len(curve))]
            lowest = min(lowest, settled["precision"].min())
            said = ""
            if model in points.index:
                point = points.loc[model]
                self.ax_.plot(
                    point["coverage"],
                    point["precision"],
                    linestyle="none",
                    marker=marker,
                    markersize=9,
                    color=style["color"],
                    markeredgecolor="white",
                    zorder=3,
                    clip_on=False,
                )
                said = (
                    f"  (answers {point['coverage']:.0%}, "
                    f"where p ≥ {point['threshold']:.2f})"
                )
            elif target is not None:
                said = f"  (never reaches {target:g})"
            labels.append((str(model), said))
        if target is not None:
            lowest = min(lowest, target)
            self.ax_.annotate(
                f"target\n{target:g}",
                (1.015, target),
                xycoords=("axes fraction", "data"),
                va="center",
                color=GREY,
                fontsize=NORMAL,
            )
        tidy(self.ax_, "both")
        bottom = max(lowest - 0.06 * (1 - lowest) - 0.01, 0)
        self.ax_.set(xlim=(0, 1), ylim=(bottom, 1 + (1 - bottom) * 0.02))
        ticks = np.linspace(0, 1, 6)
        self.ax_.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        self.ax_.set_xlabel(
            "share of products answered, the surest first", fontsize=NORMAL
        )
        self.ax_.set_ylabel("precision: right share of these", fontsize=NORMAL)
        legend_above(self.ax_, letters, handles, labels)
        return self


def _curves(
    tops: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]],
) -> pd.DataFrame:
    """Count answers and right ones at every threshold of each model."""
    parts = []
    for name, (confidence, correct) in tops.items():
        order = np.argsort(-confidence, kind="stable")
        falling = confidence[order]
        # Equally sure answers stand or fall together.
        last = np.flatnonzero(np.append(np.diff(falling) != 0, True))
        n_answered = last + 1
        columns = {
            "model": name,
            "threshold": falling[last],
            "coverage": n_answered / len(falling),
            "precision": np.cumsum(correct[order])[last] / n_answered,
            "n_answered": n_answered,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
