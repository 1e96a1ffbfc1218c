"""Sample weights and other metadata on their way to the fits below an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)

#: Keys of a router besides the members; "__" cannot occur in the name of a member.
SPLITTER, _FINAL = "__splitter__", "__final_estimator__"
_TO_FIT = MethodMapping().add(caller="fit", callee="fit")
_TO_SPLIT = MethodMapping().add(caller="fit", callee="split")


def build_router(
    ensemble: Any,
    estimators: Sequence[tuple[str, Any]],
    cv: Any = None,
    final_estimator: Any = None,
) -> MetadataRouter:
    """Return a router from the fit of an ensemble to its estimators and splitter."""
    # The ensemble requests sample weights itself, for class frequencies and whatever
    # it learns from the members' predictions.
    router = MetadataRouter(owner=ensemble).add_self_request(ensemble)
    for name, estimator in estimators:
        router.add(**{name: estimator}, method_mapping=_TO_FIT)
    if final_estimator is not None:
        router.add(**{_FINAL: final_estimator}, method_mapping=_TO_FIT)
    return router.add(**{SPLITTER: cv}, method_mapping=_TO_SPLIT)


def route_fit_params(
    ensemble: Any,
    estimators: Sequence[tuple[str, Any]],
    sample_weight: NDArray[np.float64] | None,
    fit_params: dict[str, Any],
    final_estimator: Any = None,
) -> Bunch:
    """Return the parameters of each fit below that of an ensemble, by router key.

    Without metadata routing, sample weights are passed to all estimators, as in
    scikit-learn's VotingClassifier, and nothing else can be passed.
    """
    if _routing_enabled():
        return process_routing(
            ensemble, "fit", sample_weight=sample_weight, **fit_params
        )
    _raise_for_params(fit_params, ensemble, "fit")
    params = {} if sample_weight is None else {"sample_weight": sample_weight}
    if params:
        for name, estimator in estimators:
            _check_takes_sample_weight(f"member {name!r}", estimator)
        if final_estimator is not None:
            _check_takes_sample_weight("`final_estimator`", final_estimator)
    routed = {name: Bunch(fit=params) for name, _ in estimators}
    return Bunch(**routed, **{SPLITTER: Bunch(split={})})


def final_fit_params(
    ensemble: Any, final_estimator: Any, sample_weight: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Return the parameters with which a meta-model is fitted."""
    params = {} if sample_weight is None else {"sample_weight": sample_weight}
    if params and _routing_enabled():
        router = build_router(ensemble, [], final_estimator=final_estimator)
        return dict(router.route_params(caller="fit", params=params)[_FINAL].fit)
    if params:
        _check_takes_sample_weight("`final_estimator`", final_estimator)
    return params


def request_sample_weight(estimator: Any) -> Any:
    """Let an estimator that the user did not pass receive sample weights."""
    if _routing_enabled():
        estimator.set_fit_request(sample_weight=True)
    return estimator


def _check_takes_sample_weight(which: str, estimator: Any) -> None:
    parameters = signature(estimator.fit).parameters
    # Searches and scikit-learn's own ensembles pass any parameter on. A pipeline has
    # **params as well, but none of them reaches a step without its name in front.
    passes_on = not isinstance(estimator, Pipeline) and any(
        parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()
    )
    if "sample_weight" not in parameters and not passes_on:
        raise ValueError(
            f"`sample_weight` cannot be passed to {which}: "
            f"{type(estimator).__name__}.fit does not take it. Turn on metadata "
            "routing, sklearn.set_config(enable_metadata_routing=True), and call "
            "set_fit_request(sample_weight=True) on each estimator that is to be "
            "weighted; for a pipeline, on its last step."
        )
