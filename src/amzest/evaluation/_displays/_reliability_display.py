"""Whether models are as often right as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._drawing import (
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
from amzest.evaluation._metrics._per_category import wilson_interval
from amzest.utils import check_integer, count

#: Products that a bin should hold, for its share of right answers to mean something.
MIN_PER_BIN = 10


class ReliabilityDisplay:
    """Share of right answers against what a model believes, for one or several models.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. Products are put
    into bins of about equal size by the probability of the predicted category, the
    top label; a calibrated model has its points on the diagonal. Points below it: the
    model is surer than it is right.

    Parameters
    ----------
    bins : DataFrame
        One row a bin of a model, as :meth:`frame` gives it.

    Attributes
    ----------
    bins : DataFrame
        The parameter.

    expected_calibration_error : dict of str to float
        Mean distance from the diagonal of each model, weighted by the products in a
        bin.

    ax_ : matplotlib Axes
        Axes with the diagram. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same for one of two classes.
    sklearn.calibration.CalibratedClassifierCV : Mends what this display shows.

    Notes
    -----
    Products of equal probability share a bin, so there may be fewer bins than asked
    for. Top label, diagram and error are those of [1]_; bins of equal size keep the
    error from resting on bins that are almost empty [2]_.

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
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, n_bins: int = 15, ax: Any = None
    ) -> ReliabilityDisplay:
        """Ask fitted classifiers for probabilities and draw the diagram.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted classifiers that give probabilities.

        X : array-like of shape (n_samples, ...)
            Products, in the form that they take.

        y : array-like of shape (n_samples,)
            Their true categories. Answers are wrong for those that a model never saw.

        n_bins : int, default=15
            Bins of each model at most; fewer where a bin would hold less than 10
            products.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : ReliabilityDisplay
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
        return cls(_bin_all(tops, n_bins)).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        proba: Any,
        *,
        classes: Any = None,
        n_bins: int = 15,
        ax: Any = None,
    ) -> ReliabilityDisplay:
        """Draw the diagram of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True categories.

        proba : array-like of shape (n_samples, n_classes) or dict of str to array-like
            Probabilities of one or several models.

        classes : array-like of shape (n_classes,), default=None
            Categories of the columns of all models. With None the sorted true ones.

        n_bins : int, default=15
            Bins of each model at most; fewer where a bin would hold less than 10
            products.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : ReliabilityDisplay
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
        return cls(_bin_all(tops, n_bins)).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the numbers that are drawn.

        Returns
        -------
        bins : DataFrame
            The columns `model`; `confidence`, mean probability of the predicted
            categories in a bin; `accuracy`, share of them that are right, with the
            bounds `low` and `high` of its 95% interval; and `n_products` in the bin.
        """
        return self.bins.copy()

    def plot(self, ax: Any = None) -> ReliabilityDisplay:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : ReliabilityDisplay
            The display itself.
        """
        letters = Lettering(type(self).__name__)
        models = list(self.bins.groupby("model", sort=False))
        name = type(self).__name__
        self.ax_ = axes_for(ax, 5.4, 5.2 + 0.2 * len(models), name)
        self.figure_ = self.ax_.figure
        lowest = self.bins[["confidence", "accuracy"]].min().min()
        start = min(np.floor(lowest * 10) / 10, 0.8)
        self.ax_.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--")
        for place, va, word in ((0.93, "top", "too modest"), (0.07, "bottom", "")):
            self.ax_.text(
                1 - place,
                place,
                word or "surer than right",
                transform=self.ax_.transAxes,
                ha="right" if va == "bottom" else "left",
                va=va,
                style="italic",
                color="0.5",
                fontsize=NORMAL,
            )
        errors = self.expected_calibration_error
        handles: list[Any] = []
        labels = []
        for place, (model, part) in enumerate(models):
            style = look(place)
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
            each = (
                count(few, "product")
                if few == many
                else f"{few:,} to {many:,} products"
            )
            said = f"  (ECE {errors[str(model)]:.3f}; {each} a point)"
            labels.append((str(model), said))
        tidy(self.ax_, "both")
        self.ax_.set(xlim=(start, 1.005), ylim=(start, 1.005), aspect="equal")
        self.ax_.set_xlabel(
            "mean probability of the predicted category", fontsize=NORMAL
        )
        self.ax_.set_ylabel(
            "share of right answers, with 95% interval", fontsize=NORMAL
        )
        legend_above(self.ax_, letters, handles, labels)
        return self


def _bin_all(
    tops: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]], n_bins: int
) -> pd.DataFrame:
    """Sort the products of each model into bins of about equal size."""
    check_integer("n_bins", n_bins, 1)
    parts = []
    for name, (confidence, correct) in tops.items():
        n_filled = max(min(n_bins, len(confidence) // MIN_PER_BIN), 1)
        inner = np.linspace(0, 1, n_filled + 1)[1:-1]
        edges = np.quantile(confidence, inner, method="inverted_cdf")
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
