"""Contributions of words, parts of images, columns and members, computed."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from amzest.inspection._explained import Explained
from amzest.inspection._image_occlusion import explain_images
from amzest.inspection._samples import Samples
from amzest.inspection._share_tables import no_shares, share_tables
from amzest.inspection._task import Task
from amzest.inspection._text_methods import explain_texts
from amzest.utils import check_probabilities, count, encode_known_labels

Floats = NDArray[np.float64]
Method = Literal["auto", "exact", "integrated_gradients", "occlusion"]

POSITIVE = Interval(Integral, 1, None, closed="left")
#: Constraints of the parameters of `explain`.
CONSTRAINTS: dict[str, list[Any]] = {
    "method": [StrOptions({"auto", "exact", "integrated_gradients", "occlusion"})],
    "shares": ["boolean"],
    "grid_size": [POSITIVE],
    "max_parts": [POSITIVE],
    "n_steps": [POSITIVE],
    "batch_size": [POSITIVE],
}


def compute_explanation(
    model: Any,
    X: Any,
    *,
    y: Any = None,
    method: Method = "auto",
    columns: Any = None,
    shares: bool = True,
    grid_size: int = 8,
    max_parts: int = 100,
    n_steps: int = 32,
    batch_size: int = 2048,
) -> Explained:
    """Explain predictions, see :func:`explain`."""
    _check_model(model)
    samples = Samples(X)
    classes = np.asarray(model.classes_)
    proba = check_probabilities(model.predict_proba(X), classes, "predict_proba(X)")
    codes = _codes(y, classes, proba)
    task = Task.of(model, samples, codes, columns, batch_size)
    full = proba[np.arange(len(codes)), codes]
    texts = explain_texts(task, method, full, max_parts, n_steps)
    images = explain_images(task, grid_size)
    found = share_tables(task, full, classes, images.pixels) if shares else no_shares()
    table = {"row": np.arange(len(codes)), "label": classes[codes]}
    table |= {"predicted": classes[proba.argmax(axis=1)], "probability": full}
    table |= {"score": texts.scores, "baseline": texts.baselines}
    return Explained(
        pd.DataFrame(table),
        texts.table(task, classes),
        *found,
        {
            (row, samples.names[column]): words.text
            for row, of_row in enumerate(texts.words)
            for column, words in of_row.items()
        },
        images.named(images.pixels, samples.names, images.heat_maps),
        images.named(images.heat_maps, samples.names, images.heat_maps),
        texts.method,
    )


def _check_model(model: Any) -> None:
    if hasattr(model, "predict_proba"):
        check_is_fitted(model)
        return
    name = type(model).__name__
    advice = (
        "Explain one of its `estimators_`, or the vote: crossfit.weighted_voting()."
        if name == "CrossFit"
        else "Wrap it in sklearn.calibration.CalibratedClassifierCV, or fit it first."
    )
    raise TypeError(f"`model` is a {name}, which has no predict_proba. {advice}")


def _codes(y: Any, classes: NDArray[Any], proba: Floats) -> NDArray[np.intp]:
    """Return the column of the probabilities that is explained for each sample."""
    if y is None:
        return proba.argmax(axis=1)
    if isinstance(y, str) or not isinstance(y, Iterable):
        y = [y] * len(proba)
    _, codes = encode_known_labels(y, classes)
    if len(codes) != len(proba):
        raise ValueError(
            f"`y` has {count(len(codes), 'label')}, but `X` has "
            f"{count(len(proba), 'row')}. Pass one label for all rows, or one for each."
        )
    return codes.astype(np.intp)
