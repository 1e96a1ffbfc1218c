"""Costs of designs: seconds and number of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

#: Seconds of one fit, seconds for 1,000 rows, and number of parameters.
COSTS = ["fit_seconds", "predict_seconds_per_1000", "n_parameters"]


def member_costs(crossfit: Any) -> dict[str, dict[str, float]]:
    """Return the known ones of :data:`COSTS` of each member of a fitted CrossFit.

    The seconds of a fit are the mean over the folds.
    """
    costs: dict[str, dict[str, float]] = {}
    n_samples = len(crossfit.y_)
    for name in crossfit.names_:
        known: dict[str, float] = {}
        if name in (fit := _mapping(crossfit, "fit_seconds_")):
            known["fit_seconds"] = float(np.mean(fit[name]))
        if name in (predict := _mapping(crossfit, "predict_seconds_")):
            seconds = 1000 * float(np.sum(predict[name])) / n_samples
            known["predict_seconds_per_1000"] = seconds
        # The refitted member; without it, or with an average, one of the fold models.
        whole = _mapping(crossfit, "estimators_").get(name)
        folds = _mapping(crossfit, "fold_estimators_").get(name) or []
        # All fold models of a member have about as many parameters.
        for fitted in [whole, *folds[:1]]:
            n_parameters = count_parameters(fitted)
            if n_parameters is not None:
                known["n_parameters"] = n_parameters
                break
        costs[name] = known
    return costs


def _mapping(crossfit: Any, attribute: str) -> Mapping[str, Any]:
    return getattr(crossfit, attribute, None) or {}


def count_parameters(estimator: Any) -> int | None:
    """Return the number of learnt values of a fitted estimator, or None if unknown.

    Supported are the classifiers of amzest, linear models, scikit-learn's perceptrons,
    and pipelines, unions, searches and ensembles of these.
    """
    linear = getattr(estimator, "linear_model_", None)  # alone or beside a network
    n_linear = 0 if linear is None else int(linear.n_parameters)
    weights = getattr(estimator, "weights_", None)
    if isinstance(weights, Mapping):
        return n_linear + sum(int(np.size(values)) for values in weights.values())
    if linear is not None:
        return n_linear
    if hasattr(estimator, "coef_"):
        return _size(estimator.coef_) + int(
            np.size(getattr(estimator, "intercept_", 0))
        )
    if hasattr(estimator, "coefs_"):
        return sum(map(_size, [*estimator.coefs_, *estimator.intercepts_]))
    counts = [count_parameters(part) for part in _parts(estimator)]
    found = [count for count in counts if count is not None]
    return sum(found) if found else None


def _size(values: Any) -> int:
    # `np.size` of a sparse matrix is 1, and its own `size` does not count zeros.
    return int(np.prod(values.shape))


def _parts(estimator: Any) -> Iterable[Any]:
    """Yield the fitted parts of an estimator, from the attributes of scikit-learn."""
    for attribute in ("steps", "transformer_list"):
        yield from (entry[1] for entry in getattr(estimator, attribute, ()))
    yield from (entry[1] for entry in getattr(estimator, "transformers_", ()))
    members = getattr(estimator, "estimators_", ())
    if isinstance(members, Mapping):
        members = members.values()
    yield from np.ravel(np.asarray(list(members), dtype=object))
    for attribute in ("best_estimator_", "estimator_", "final_estimator_"):
        if hasattr(estimator, attribute):
            yield getattr(estimator, attribute)
