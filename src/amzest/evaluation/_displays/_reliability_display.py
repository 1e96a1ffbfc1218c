"""Reliability diagrams of the predicted class."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval

from amzest.evaluation._displays._drawing import (
    NORMAL,
    legend_above,
    model_style,
    new_axes,
    short_name,
    style_axes,
    text_style,
)
from amzest.evaluation._displays._inputs import (
    predictions_by_estimator,
    predictions_by_model,
)
from amzest.evaluation._significance._intervals import wilson_interval
from amzest.utils import LabelledPredictions, count, validate_params

#: Smallest number of samples per bin: with fewer the accuracy is too noisy.
MIN_PER_BIN = 10
_VALIDATION = {"n_bins": [Interval(Integral, 1, None, closed="left")]}


class ReliabilityDisplay:
    """Accuracy against the predicted probability, for one or several models.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. Samples are
    binned by the probability of the predicted class, into bins of about equal size; the
    points of a calibrated model are on the diagonal, and those of an overconfident
    model below it.

    Parameters
    ----------
    bins : DataFrame
        One row per bin and model, as returned by :meth:`frame`.

    Attributes
    ----------
    bins : DataFrame
        The parameter.

    expected_calibration_error : dict of str to float
        Mean distance of each model from the diagonal, weighted by the size of the bins.

    ax_ : matplotlib Axes
        Axes with the diagram. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same for one of two classes.
    amzest.ensemble.CalibratedClassifier : Calibrates probabilities.

    Notes
    -----
    Samples of equal probability share a bin, so that there may be fewer than `n_bins`.
    Diagram and error are those of [1]_ for the predicted class; with bins of equal size
    the error does not depend on bins that are almost empty [2]_.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern
       neural networks", ICML 2017.
    .. [2] J. Nixon, M. Dusenberry, L. Zhang, G. Jerfel and D. Tran, "Measuring
       calibration in deep learning", CVPR Workshops 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.evaluation import ReliabilityDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = GaussianNB().fit(X, y)
    >>> display = ReliabilityDisplay.from_estimator(clf, X, y, n_bins=3)
    >>> display.frame()["n_products"].tolist()
    [50, 50, 50]
    >>> round(display.expected_calibration_error["GaussianNB"], 3)
    0.014
    """

    def __init__(self, bins: pd.DataFrame) -> None:
        self.bins = bins

    @property
    def expected_calibration_error(self) -> dict[str, float]:
        """Mean distance from the diagonal, by model."""
        return {
            str(name): float(
                np.average(
                    np.abs(part["accuracy"] - part["confidence"]),
                    weights=part["n_products"],
                )
            )
            for name, part in self.bins.groupby("model", sort=False)
        }

    @classmethod
    @validate_params(_VALIDATION)
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, n_bins: int = 15, ax: Any = None
    ) -> ReliabilityDisplay:
        """Plot the diagram of fitted classifiers.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted classifiers with `predict_proba`.

        X : array-like of shape (n_samples, ...)
            Samples in the form that they accept.

        y : array-like of shape (n_samples,)
            True labels. For classes that a model has not seen all predictions are
            errors.

        n_bins : int, default=15
            Maximum number of bins of each model; fewer if a bin would have less than 10
            samples.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The display, plotted.

        Raises
        ------
        TypeError
            If a classifier has no `predict_proba`.
        """
        predictions = predictions_by_estimator(estimator, X, y)
        return cls(_bin_all(predictions, n_bins)).plot(ax)

    @classmethod
    @validate_params(_VALIDATION)
    def from_predictions(
        cls,
        y_true: Any,
        proba: Any,
        *,
        classes: Any = None,
        n_bins: int = 15,
        ax: Any = None,
    ) -> ReliabilityDisplay:
        """Plot the diagram of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        proba : array-like of shape (n_samples, n_classes) or dict of str to array-like
            Probabilities of one or several models.

        classes : array-like of shape (n_classes,), default=None
            Classes of the columns of all models. None uses the sorted true labels.

        n_bins : int, default=15
            Maximum number of bins of each model; fewer if a bin would have less than 10
            samples.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If labels, classes and probabilities do not match.
        """
        predictions = predictions_by_model(y_true, proba, classes)
        return cls(_bin_all(predictions, n_bins)).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the plotted values.

        Returns
        -------
        bins : DataFrame
            The columns `model`; `confidence`, the mean probability of the predicted
            classes in a bin; `accuracy`, the fraction of them that is correct, with the
            bounds `low` and `high` of its 95% confidence interval; and `n_products`,
            the number of samples in the bin.
        """
        return self.bins.copy()

    def plot(self, ax: Any = None) -> ReliabilityDisplay:
        """Plot the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ReliabilityDisplay
            The display itself.
        """
        models = list(self.bins.groupby("model", sort=False))
        name = type(self).__name__
        self.ax_ = new_axes(ax, 5.4, 5.2 + 0.2 * len(models), name)
        self.figure_ = self.ax_.figure
        # Both axes start at the same round value below all points.
        lowest = self.bins[["confidence", "accuracy"]].min().min()
        start = min(np.floor(lowest * 10) / 10, 0.8)
        self.ax_.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
        note = text_style(transform=self.ax_.transAxes, style="italic", color="0.5")
        self.ax_.text(0.07, 0.93, "underconfident", va="center", **note)
        self.ax_.text(0.93, 0.07, "overconfident", va="center", ha="right", **note)
        errors = self.expected_calibration_error
        handles: list[Any] = []
        labels = []
        for place, (model, part) in enumerate(models):
            style = model_style(place)
            self.ax_.vlines(
                part["confidence"],
                part["low"],
                part["high"],
                color=style["color"],
                alpha=0.3,
                linewidth=1.2,
            )
            handles += self.ax_.plot(
                part["confidence"],
                part["accuracy"],
                **style,
                markersize=5,
                clip_on=False,
            )
            few, many = part["n_products"].min(), part["n_products"].max()
            size = count(many, "sample")
            size = size if few == many else f"{few:,} to {size}"
            error = errors[str(model)]
            labels.append(f"{short_name(model)}  (ECE {error:.3f}; {size} per bin)")
        style_axes(self.ax_, "both")
        self.ax_.set(xlim=(start, 1.005), ylim=(start, 1.005), aspect="equal")
        self.ax_.set_xlabel("mean probability of the predicted class", fontsize=NORMAL)
        self.ax_.set_ylabel("accuracy with 95% confidence interval", fontsize=NORMAL)
        legend_above(self.ax_, handles, labels)
        return self


def _bin_all(predictions: dict[str, LabelledPredictions], n_bins: int) -> pd.DataFrame:
    """Return the bins of each model, of about equal size."""
    parts = []
    for name, model in predictions.items():
        confidence, correct = model.confidence, model.correct
        n_filled = max(min(n_bins, len(confidence) // MIN_PER_BIN), 1)
        inner = np.linspace(0, 1, n_filled + 1)[1:-1]
        # Quantiles that are data points, so that equal values are never split.
        edges = np.quantile(confidence, inner, method="inverted_cdf")
        # side="left": a value that equals an edge belongs to the bin below it.
        table = pd.DataFrame({"confidence": confidence, "right": correct})
        groups = table.groupby(np.searchsorted(edges, confidence, side="left"))
        n_products = groups.size().to_numpy()
        n_right = groups["right"].sum().to_numpy()
        low, high = wilson_interval(n_right, n_products)
        columns = {
            "model": name,
            "confidence": groups["confidence"].mean().to_numpy(),
            "accuracy": n_right / n_products,
            "low": low,
            "high": high,
            "n_products": n_products,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
