"""Loss and validation score of networks per epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    legend_above,
    model_style,
    new_axes,
    short_name,
    style_axes,
    text_style,
)
from amzest.evaluation._displays._inputs import as_models, name_of
from amzest.utils import count, shown


class TrainingCurveDisplay:
    """Training loss and validation score of networks per epoch.

    Create it with :meth:`from_estimator` or :meth:`from_curves`. The training loss
    shows whether a network had converged; the score on held-out samples shows whether
    it was overfitting.

    Parameters
    ----------
    curves : DataFrame
        The columns `model`, `epoch`, `loss` and `validation_score`, one row per epoch
        and model; NaN where there is no loss or score.

    Attributes
    ----------
    curves : DataFrame
        The parameter.

    ax_ : matplotlib Axes
        The axes that were passed or created. With scores they are empty and contain
        both panels. Exists after `plot`.

    axes_ : ndarray of shape (1,) or (2,), dtype object
        Panels with losses and, if there are any, with scores. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds them. Exists after `plot`.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores against the number of
        training samples.
    amzest.evaluation.CategoryScoresDisplay : Scores of each category.

    Notes
    -----
    With `calibrate`, the scores of a network are those of fits without the samples that
    are scored. The losses are those of the fit on all samples, which has as many epochs
    as the best of them.

    Examples
    --------
    Any network with `loss_curve_` is supported, also those of scikit-learn:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from amzest.evaluation import TrainingCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier(solver="sgd", early_stopping=True, random_state=0)
    >>> display = TrainingCurveDisplay.from_estimator(clf.fit(X, y))
    >>> display.frame().columns.tolist()
    ['model', 'epoch', 'loss', 'validation_score']
    """

    def __init__(self, curves: pd.DataFrame) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> TrainingCurveDisplay:
        """Plot the curves of all networks in fitted estimators.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            Fitted networks, or pipelines, ensembles and searches of networks.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If an estimator contains no fitted network.
        """
        losses: dict[str, Any] = {}
        scores: dict[str, Any] = {}
        models = as_models("estimator", estimator, name_of(estimator))
        for name, model in models.items():
            found = list(_networks(model, ()))
            if not found:
                raise ValueError(
                    f"`estimator` {shown(name)} contains no network with a "
                    "`loss_curve_`. Fit it first, or leave it out."
                )
            for path, network in found:
                label = " / ".join((name, *path)) if len(found) > 1 else name
                loss = list(network.loss_curve_)
                scores[label] = getattr(network, "validation_scores_", None)
                # A network that has chosen its number of epochs has further scores.
                n_more = len(scores[label] or []) - len(loss)
                losses[label] = loss + [np.nan] * max(0, n_more)
        return cls.from_curves(losses, scores, ax=ax)

    @classmethod
    def from_curves(
        cls,
        loss_curves: Any,
        validation_scores: Any = None,
        *,
        ax: Any = None,
    ) -> TrainingCurveDisplay:
        """Plot curves that were recorded in training.

        Parameters
        ----------
        loss_curves : array-like of shape (n_epochs,) or dict of str to array-like
            Training loss per epoch, of one or several models.

        validation_scores : array-like or dict of str to array-like, default=None
            Validation score per epoch. Models may be left out or None.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If a curve is empty or not one-dimensional, or there are scores of more
            epochs than losses or of a model without losses.
        """
        losses = as_models("loss_curves", loss_curves, "Network")
        scores: dict[str, Any] = {}
        if validation_scores is not None:
            if isinstance(loss_curves, Mapping) != isinstance(
                validation_scores, Mapping
            ):
                raise ValueError(
                    "`validation_scores` must be a dict if `loss_curves` is a dict, "
                    "and otherwise a single curve."
                )
            scores = as_models("validation_scores", validation_scores, "Network")
        if unknown := set(scores) - set(losses):
            raise ValueError(
                f"`validation_scores` has the models {sorted(unknown)}, which "
                "`loss_curves` does not have. Use the same names in both."
            )
        parts = []
        for name, values in losses.items():
            loss = _curve("loss_curves", name, values)
            score = np.full(len(loss), np.nan)
            if scores.get(name) is not None:
                curve = _curve("validation_scores", name, scores[name])
                if len(curve) > len(loss):
                    raise ValueError(
                        f"`validation_scores` of {shown(name)} has "
                        f"{count(len(curve), 'epoch')}, its loss curve has "
                        f"{count(len(loss), 'epoch')}."
                    )
                score[: len(curve)] = curve
            part = {"epoch": np.arange(1, len(loss) + 1), "loss": loss}
            frame = pd.DataFrame({**part, "validation_score": score})
            frame.insert(0, "model", name)
            parts.append(frame)
        return cls(pd.concat(parts, ignore_index=True)).plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the plotted values.

        Returns
        -------
        curves : DataFrame
            A copy of `curves`.
        """
        return self.curves.copy()

    def plot(self, ax: Any = None) -> TrainingCurveDisplay:
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TrainingCurveDisplay
            The display itself.
        """
        models = list(self.curves.groupby("model", sort=False))
        scored = bool(self.curves["validation_score"].notna().any())
        height = (5.2 if scored else 3.4) + 0.2 * len(models)
        self.ax_ = new_axes(ax, 6.4, height, type(self).__name__)
        self.figure_ = self.ax_.figure
        panels = [self.ax_]
        if scored:
            self.ax_.set_axis_off()
            panels = [self.ax_.inset_axes((0, 0.54, 1, 0.46))]
            panels.append(self.ax_.inset_axes((0, 0, 1, 0.46), sharex=panels[0]))
            panels[0].tick_params(labelbottom=False)
        self.axes_ = np.array(panels, dtype=object)

        handles, labels = [], []
        for place, (name, curve) in enumerate(models):
            style = {**model_style(place), "markersize": 3.5, "linewidth": 1.4}
            handles += panels[0].plot(curve["epoch"], curve["loss"], **style)
            label = short_name(name)
            if curve["validation_score"].notna().any():
                label += self._plot_scores(curve, style)
            labels.append(label)
        panels[0].set_ylabel("training loss", fontsize=NORMAL)
        if self.curves["loss"].min() >= 0:
            panels[0].set_ylim(bottom=0)
        if scored:
            panels[1].set_ylabel("validation score", fontsize=NORMAL)
            note = text_style(
                7.5, color=GREY, ha="right", transform=panels[1].transAxes
            )
            panels[1].text(0.99, 0.04, "○ best epoch", **note)
        for panel in panels:
            style_axes(panel, "both")
            panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        longest = int(self.curves["epoch"].max())
        panels[-1].set_xlim(0.5, longest + 0.5)
        panels[-1].set_xlabel("epoch", fontsize=NORMAL)
        legend_above(panels[0], handles, labels)
        return self

    def _plot_scores(self, curve: pd.DataFrame, style: dict[str, Any]) -> str:
        """Plot the scores of a model and mark the best one; return what it is."""
        panel = self.axes_[1]
        panel.plot(curve["epoch"], curve["validation_score"], **style)
        best = curve.loc[curve["validation_score"].idxmax()]
        epoch, score = int(best["epoch"]), best["validation_score"]
        circle = {"marker": "o", "markersize": 10, "markerfacecolor": "none"}
        color = style["color"]
        panel.plot(epoch, score, linestyle="none", markeredgecolor=color, **circle)
        return f"  (best score {score:.3f}, epoch {epoch})"


def _curve(argument: str, name: str, values: Any) -> Any:
    """Return a curve as an array, validated."""
    curve = np.asarray(values, dtype=np.float64)
    if curve.ndim != 1 or len(curve) == 0:
        raise ValueError(
            f"`{argument}` of {shown(name)} has shape {curve.shape}; expected one "
            "number per epoch, that is shape (n_epochs,)."
        )
    return curve


def _networks(model: Any, path: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    """Yield the fitted networks in a model, each with the names of its parents."""
    if getattr(model, "loss_curve_", None) is not None:
        yield path, model
        return
    for name, part in _parts(model):
        yield from _networks(part, (*path, name) if name else path)


def _parts(model: Any) -> list[tuple[str, Any]]:
    """Return the fitted parts of a pipeline, an ensemble or a search, by name."""
    named = getattr(model, "named_estimators_", None)
    if isinstance(named, Mapping):
        parts = [(str(name), part) for name, part in named.items()]
        return [*parts, ("", getattr(model, "final_estimator_", None))]
    # (name, estimator) pairs of column transformers, unions and pipelines.
    for attribute in ("transformers_", "transformer_list", "steps"):
        found = getattr(model, attribute, None)
        if isinstance(found, Sequence):
            return [(str(step[0]), step[1]) for step in found]
    # Ensembles without names are numbered.
    for attribute in ("calibrated_classifiers_", "estimators_"):
        found = getattr(model, attribute, None)
        if isinstance(found, Sequence):
            return [(str(n), part) for n, part in enumerate(found, start=1)]
    for attribute in ("best_estimator_", "estimator_", "estimator"):
        found = getattr(model, attribute, None)
        if found is not None:
            return [("", found)]
    return []
