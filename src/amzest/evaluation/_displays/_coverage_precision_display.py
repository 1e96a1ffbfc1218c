"""Precision of the most confident predictions at each coverage."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval

from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    legend_above,
    model_style,
    new_axes,
    short_name,
    style_axes,
)
from amzest.evaluation._displays._inputs import (
    predictions_by_estimator,
    predictions_by_model,
)
from amzest.evaluation._metrics._coverage_curve import coverage_curve
from amzest.utils import LabelledPredictions, check_params


class CoveragePrecisionDisplay:
    """Precision of the most confident predictions against their coverage.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. A model
    classifies the samples for which the probability of the predicted class reaches a
    threshold; the others are reviewed. Each threshold is a point: the fraction of
    samples that is classified (coverage), and the fraction of these that is correct
    (precision).

    Parameters
    ----------
    curves : DataFrame
        One row per threshold and model, as returned by :meth:`frame`.

    target_precision : float or None, default=0.95
        Precision to mark, from 0 to 1. None marks nothing.

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
    amzest.evaluation.ReliabilityDisplay : Whether the probabilities are calibrated.
    amzest.meta.ReviewThresholdClassifier : Learns thresholds with a guarantee.
    sklearn.model_selection.TunedThresholdClassifierCV : Tunes a threshold of two
        classes.

    Notes
    -----
    This is the risk-coverage curve of [1]_ with the precision, 1 - risk, instead of the
    risk. A threshold read from it is chosen on the same samples: on others the
    precision will be slightly lower.

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
        """Plot the curves of fitted classifiers.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted classifiers with `predict_proba`.

        X : array-like of shape (n_samples, ...)
            Samples in the form that they accept.

        y : array-like of shape (n_samples,)
            True labels. For classes that a model has not seen all predictions are
            errors.

        target_precision : float or None, default=0.95
            Precision to mark, from 0 to 1. None marks nothing.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display, plotted.

        Raises
        ------
        TypeError
            If a classifier has no `predict_proba`.
        """
        predictions = predictions_by_estimator(estimator, X, y)
        return cls(_curves(predictions), target_precision).plot(ax)

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
        """Plot the curves of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        proba : array-like of shape (n_samples, n_classes) or dict of str to array-like
            Probabilities of one or several models.

        classes : array-like of shape (n_classes,), default=None
            Classes of the columns of all models. None uses the sorted true labels.

        target_precision : float or None, default=0.95
            Precision to mark, from 0 to 1. None marks nothing.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If labels, classes and probabilities do not match.
        """
        predictions = predictions_by_model(y_true, proba, classes)
        return cls(_curves(predictions), target_precision).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the plotted values.

        Returns
        -------
        curves : DataFrame
            The columns `model`; `threshold`, the probability from which it predicts,
            descending; `coverage`, the fraction of the samples that is classified;
            `precision`, the fraction of these that is correct; and `n_answered`, their
            number.
        """
        return self.curves.copy()

    def at_target(self) -> pd.DataFrame:
        """Return the highest coverage of each model at the target precision.

        Returns
        -------
        points : DataFrame
            Rows of :meth:`frame`, one for each model that reaches the target. Empty
            if `target_precision` is None.
        """
        if self.target_precision is None:
            return self.curves.iloc[:0].copy()
        reached = self.curves[self.curves["precision"] >= self.target_precision]
        return reached.groupby("model", sort=False).tail(1).reset_index(drop=True)

    def plot(self, ax: Any = None) -> CoveragePrecisionDisplay:
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : CoveragePrecisionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `target_precision` is not between 0 and 1.
        """
        target, name = self.target_precision, type(self).__name__
        constraint = [Interval(Real, 0, 1, closed="right"), None]
        check_params({"target_precision": constraint}, vars(self), name)
        models = list(self.curves.groupby("model", sort=False))
        self.ax_ = new_axes(ax, 6.4, 4.2 + 0.2 * len(models), name)
        self.figure_ = self.ax_.figure
        points = self.at_target().set_index("model")
        if target is not None:
            self.ax_.axhline(target, color="0.5", linewidth=1, linestyle="--")
        handles, labels = [], []
        for place, (model, curve) in enumerate(models):
            point = points.loc[model] if model in points.index else None
            handle, label = self._plot_model(model_style(place), model, curve, point)
            handles.append(handle)
            labels.append(label)
        # The precision of a few predictions is noisy: it does not set the limits.
        settled = (
            curve[curve["n_answered"] >= min(20, len(curve))] for _, curve in models
        )
        lowest = min(curve["precision"].min() for curve in settled)
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
        style_axes(self.ax_, "both")
        bottom = max(lowest - 0.06 * (1 - lowest) - 0.01, 0)
        self.ax_.set(xlim=(0, 1), ylim=(bottom, 1 + (1 - bottom) * 0.02))
        ticks = np.linspace(0, 1, 6)
        self.ax_.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        self.ax_.set_xlabel(
            "coverage: classified samples, the most confident first", fontsize=NORMAL
        )
        self.ax_.set_ylabel("precision of these predictions", fontsize=NORMAL)
        legend_above(self.ax_, handles, labels)
        return self

    def _plot_model(
        self, style: dict[str, Any], model: Any, curve: pd.DataFrame, point: Any
    ) -> tuple[Any, str]:
        """Plot a curve and its point at the target; return its legend entry."""
        marker = style.pop("marker")
        # A line of a single point is invisible: it gets a marker.
        single = len(curve) == 1
        (handle,) = self.ax_.plot(
            curve["coverage"],
            curve["precision"],
            **style,
            marker=marker,
            markevery=slice(0, 1 if single else 0),
            clip_on=not single,
            linewidth=1.6,
        )
        label = short_name(model)
        if point is not None:
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
            label += (
                f"  (coverage {point['coverage']:.0%}, "
                f"threshold {point['threshold']:.2f})"
            )
        elif self.target_precision is not None:
            label += f"  (precision {self.target_precision:g} not reached)"
        return handle, label


def _curves(predictions: dict[str, LabelledPredictions]) -> pd.DataFrame:
    """Return coverage and precision at every threshold of each model."""
    parts = [
        pd.DataFrame({"model": name, **coverage_curve(model.confidence, model.correct)})
        for name, model in predictions.items()
    ]
    return pd.concat(parts, ignore_index=True)
