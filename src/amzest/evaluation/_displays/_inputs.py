"""Models, labels and probabilities that are passed to displays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from amzest.utils import LabelledPredictions, count, label_values, shown


def name_of(estimator: Any) -> str:
    """Return the class name of an estimator, or of the last step of a pipeline."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return type(estimator).__name__


def as_models(argument: str, models: Any, name: str) -> dict[str, Any]:
    """Return one model or a dict of models by name; `name` is that of a single one."""
    if not isinstance(models, Mapping):
        return {name: models}
    if not models:
        raise ValueError(f"`{argument}` is an empty dict. Pass at least one model.")
    return {str(key): value for key, value in models.items()}


def predictions_by_model(
    y_true: Any, proba: Any, classes: Any
) -> dict[str, LabelledPredictions]:
    """Validate the probabilities of one or several models."""
    several = isinstance(proba, Mapping)
    return {
        name: LabelledPredictions.validate(
            y_true,
            table,
            classes,
            name=f"proba[{shown(name)}]" if several else "proba",
            unseen=True,
        )
        for name, table in as_models("proba", proba, "Classifier").items()
    }


def predictions_by_estimator(
    estimator: Any, X: Any, y: Any
) -> dict[str, LabelledPredictions]:
    """Predict with one or several fitted classifiers."""
    found = {}
    for name, model in as_models("estimator", estimator, name_of(estimator)).items():
        if not hasattr(model, "predict_proba"):
            raise TypeError(
                f"`estimator` is a {name_of(model)}, which has no predict_proba. Wrap "
                "it in sklearn.calibration.CalibratedClassifierCV, or fit it first."
            )
        found[name] = LabelledPredictions.validate(
            y, model.predict_proba(X), model.classes_, y_name="y", unseen=True
        )
    return found


def check_labels(
    argument: str, labels: Any, y_true: NDArray[np.object_] | None = None
) -> NDArray[np.object_]:
    """Return labels as Python objects, as many and of the same type as `y_true`."""
    if hasattr(labels, "fit"):
        raise TypeError(
            f"`{argument}` is an estimator ({type(labels).__name__}), expected labels. "
            "Pass the result of `predict(X)`."
        )
    array = label_values(labels, argument, warn=False)
    if len(array) == 0:
        raise ValueError(f"`{argument}` is empty; expected at least one label.")
    plain = np.empty(len(array), dtype=object)
    plain[:] = array.tolist()
    if y_true is not None:
        check_rows_match(argument, len(plain), len(y_true))
        _check_one_type(argument, plain, y_true)
    return plain


def check_rows_match(argument: str, n_rows: int, n_samples: int) -> None:
    """Raise if an argument has not as many rows as there are labels."""
    if n_rows != n_samples:
        raise ValueError(
            f"`{argument}` has {count(n_rows, 'row')}, but `y_true` has "
            f"{count(n_samples, 'row')}. Pass both for the same samples."
        )


def find_classes(
    classes: Any, y_true: NDArray[np.object_], y_pred: NDArray[np.object_]
) -> list[Any]:
    """Return the classes that the user passed, or all labels, sorted."""
    if classes is None:
        return sorted(set(y_true).union(y_pred))
    plain = check_labels("classes", classes)
    if len(set(plain)) < len(plain):
        raise ValueError(f"`classes` contains a class twice: {shown(plain.tolist())}.")
    _check_one_type("classes", plain, y_true)
    if not set(plain) & set(y_true):
        raise ValueError(
            "`classes` contains none of the labels of `y_true`, such as "
            f"{shown(y_true[0])}. Pass the labels of the classes: clf.classes_."
        )
    return list(plain)


def _check_one_type(
    argument: str, labels: NDArray[np.object_], y_true: NDArray[np.object_]
) -> None:
    if isinstance(labels[0], str) != isinstance(y_true[0], str):
        raise ValueError(
            f"`{argument}` has labels such as {shown(labels[0])}, `y_true` such as "
            f"{shown(y_true[0])}. Pass both as the same type."
        )
