"""The models of ``amzest fit``, by the names of the option --model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.pipeline import make_pipeline

from amzest.cli._options import UsageError
from amzest.compose import ColumnSelector
from amzest.distributed._model_columns import ModelColumns

if TYPE_CHECKING:
    import pandas as pd

#: Kind of columns, and class, of each model.
DESIGNS = {
    "linear": ("text", "TextLinearClassifier"),
    "cnn": ("text", "TextCNNClassifier"),
    "lstm": ("text", "TextLSTMClassifier"),
    "transformer": ("text", "TextTransformerClassifier"),
    "pretrained-text": ("text", "PretrainedTextClassifier"),
    "image-cnn": ("image", "ImageCNNClassifier"),
    "image-inception": ("image", "ImageInceptionClassifier"),
    "pretrained-image": ("image", "PretrainedImageClassifier"),
}
_ENCODERS = {"pretrained-text": "text_encoder", "pretrained-image": "image_encoder"}


def build_model(options: Any, columns: ModelColumns, parameters: dict[str, Any]) -> Any:
    """Return the unfitted model: one classifier, or a cross-fit of several."""
    names = list(dict.fromkeys(options.model))
    if "auto" in names:
        if len(names) > 1:
            raise UsageError("--model auto chooses models itself; pass it alone")
        return _auto(options, columns, parameters)
    if parameters and len(names) > 1:
        raise UsageError("--set needs a single --model")
    members = [(name, _member(name, options, columns, parameters)) for name in names]
    if len(members) == 1:
        return _with_review(members[0][1], options)
    from amzest.ensemble import CrossFit

    return CrossFit(members, n_jobs=options.jobs, random_state=options.random_state)


def fit_model(model: Any, X: pd.DataFrame, y: pd.Series, options: Any) -> Any:
    """Return the fitted model that is saved."""
    from amzest.automl import AutoClassifier
    from amzest.ensemble import CrossFit

    model.fit(X, y)
    if isinstance(model, CrossFit):
        fitted = vote = model.weighted_voting("learn")
    elif isinstance(model, AutoClassifier):
        fitted, vote = model, model.best_estimator_
    else:
        return model
    if options.target_precision is None:
        return fitted
    from amzest.meta import ReviewThresholdClassifier

    return ReviewThresholdClassifier.from_oof(
        vote, target_precision=options.target_precision
    )


def _member(
    name: str, options: Any, columns: ModelColumns, parameters: dict[str, Any]
) -> Any:
    """Return the pipeline of a model: a selector of its columns, and the classifier."""
    import amzest

    kind, class_name = DESIGNS[name]
    selected = columns.of_kind("text" if kind == "text" else "image")
    if not selected:
        option = "--text-columns" if kind == "text" else "--image-column"
        raise UsageError(f"--model {name} needs a column with {kind}s: {option}")
    given = dict(parameters)
    if name in _ENCODERS:
        encoder = getattr(options, _ENCODERS[name])
        if encoder is None:
            option = _ENCODERS[name].replace("_", "-")
            raise UsageError(f"--model {name} needs --{option}")
        given.setdefault("model", encoder)
    cls = getattr(amzest, class_name)
    classifier = _with_parameters(cls, given, options)
    selector = ColumnSelector(selected if kind == "text" else selected[0])
    return make_pipeline(selector, classifier)


def _with_parameters(cls: type, given: dict[str, Any], options: Any) -> Any:
    """Return an estimator; raise UsageError for parameters that it does not have."""
    known = cls._get_param_names()  # type: ignore[attr-defined]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UsageError(
            f"--set {unknown[0]}: {cls.__name__} has no such parameter. It has "
            f"{', '.join(known)}"
        )
    return cls(**{"random_state": options.random_state, **given})


def _with_review(classifier: Any, options: Any) -> Any:
    if options.target_precision is None:
        return classifier
    from amzest.meta import ReviewThresholdClassifier

    return ReviewThresholdClassifier(
        classifier,
        target_precision=options.target_precision,
        n_jobs=options.jobs,
        random_state=options.random_state,
    )


def _auto(options: Any, columns: ModelColumns, parameters: dict[str, Any]) -> Any:
    from amzest.automl import AutoClassifier

    given: dict[str, Any] = {
        "time_budget": options.time_budget,
        "column_kinds": dict(columns.kinds),
        "text_encoder": options.text_encoder,
        "image_encoder": options.image_encoder,
        "n_jobs": options.jobs,
        "on_interrupt": "raise",
        **parameters,
    }
    return _with_parameters(AutoClassifier, given, options)
