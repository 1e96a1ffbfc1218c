"""The classifiers that may become members, for the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from amzest.compose import ColumnSelector
from amzest.ensemble._member_fits import check_members
from amzest.image import ImageCNNClassifier
from amzest.pretrained import (
    PretrainedImageClassifier,
    PretrainedImageEncoder,
    PretrainedTextClassifier,
    PretrainedTextEncoder,
)
from amzest.text import (
    TextCNNClassifier,
    TextLinearClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
)
from amzest.utils import shown, shown_list


@dataclass(frozen=True)
class Candidate:
    """A classifier that may become a member.

    `gain` is the part of the errors of a vote without it that it is expected to
    correct, `milliseconds` what a fit takes per sample and `start` the seconds to load
    the framework, before they are measured: they only decide what is tried first.
    `family` names candidates with similar errors. `cheaper` takes its place if it does
    not fit into the budget. `encoder` is the pretrained encoder whose vectors are
    cached once for all folds.
    """

    name: str
    estimator: Any
    family: str = "own"
    gain: float = 0.05
    milliseconds: float = 1.0
    start: float = 0.0
    columns: Sequence[str] = ()
    cheaper: Candidate | None = None
    encoder: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """Parameters of an AutoClassifier that its candidates need."""

    text_encoder: Any = None
    image_encoder: Any = None
    image_root: Any = None
    on_error: str = "raise"


# Networks are members of votes that calibrate them on out-of-fold predictions. Without
# a calibration of their own they are fitted once instead of twice or more.
_ONCE: dict[str, Any] = {"calibrate": False}


def list_candidates(columns: pd.DataFrame, settings: Settings) -> list[Candidate]:
    """Return the candidates for described columns; the first is fitted in any case."""
    of_kind = {
        kind: list(columns.index[columns["kind"] == kind])
        for kind in ("text", "image", "number")
    }
    found: list[Candidate] = []
    if of_kind["text"]:
        found += _of_texts(of_kind["text"], settings)
    for name in of_kind["image"]:
        suffix = "" if len(of_kind["image"]) == 1 else f" {name}"
        found += _of_images(name, suffix, settings)
    if of_kind["number"]:
        found.append(_of_numbers(of_kind["number"]))
    if not of_kind["text"]:
        # The first one is the fastest, as the linear model of texts is.
        found.sort(key=lambda candidate: candidate.milliseconds)
    return found


def _of_texts(names: list[str], settings: Settings) -> list[Candidate]:
    """Return the candidates for text columns, which they use together."""

    def of(
        name: str, classifier: BaseEstimator, gain: float, **options: Any
    ) -> Candidate:
        pipeline = make_pipeline(ColumnSelector(names), classifier)
        options = {"family": "text network", "columns": names, "start": 3.0, **options}
        return Candidate(name, pipeline, gain=gain, **options)

    found = [
        of("text_linear", TextLinearClassifier(), 1.0, family="linear"),
        # Without a linear part, which would repeat the errors of the linear model.
        of(
            "text_cnn",
            TextCNNClassifier(linear_part=False, **_ONCE),
            0.1,
            milliseconds=1.2,
        ),
        of(
            "text_lstm",
            TextLSTMClassifier(linear_part=False, **_ONCE),
            0.09,
            milliseconds=1.8,
        ),
        of(
            "text_transformer",
            TextTransformerClassifier(linear_part=False, **_ONCE),
            0.08,
            milliseconds=2.2,
        ),
        of(
            "text_cnn_linear",
            TextCNNClassifier(**_ONCE),
            0.05,
            milliseconds=1.8,
        ),
    ]
    if settings.text_encoder is not None:
        found.append(
            of(
                "text_pretrained",
                PretrainedTextClassifier(settings.text_encoder),
                0.2,
                family="pretrained text",
                milliseconds=3.0,
                encoder=make_pipeline(
                    ColumnSelector(names), PretrainedTextEncoder(settings.text_encoder)
                ),
            )
        )
    return found


def _of_images(name: str, suffix: str, settings: Settings) -> list[Candidate]:
    """Return the candidates for an image column."""
    source: dict[str, Any] = {
        "image_root": settings.image_root,
        "on_error": settings.on_error,
    }

    def of(
        label: str, classifier: BaseEstimator, gain: float, **options: Any
    ) -> Candidate:
        pipeline = make_pipeline(ColumnSelector(name), classifier)
        options = {
            "family": f"image{suffix}",
            "columns": [name],
            "start": 8.0,
            **options,
        }
        return Candidate(label + suffix, pipeline, gain=gain, **options)

    def network(
        gain: float, milliseconds: float, cheaper: Any = None, **params: Any
    ) -> Candidate:
        return of(
            "image_cnn",
            ImageCNNClassifier(**source, **_ONCE, **params),
            gain,
            milliseconds=milliseconds,
            cheaper=cheaper,
        )

    fast = network(0.15, 6.0, image_size=32, max_epochs=8)
    medium = network(0.22, 12.0, fast, image_size=32)
    found = [network(0.3, 45.0, medium)]
    if settings.image_encoder is not None:
        found.append(
            of(
                "image_pretrained",
                PretrainedImageClassifier(settings.image_encoder, **source),
                0.4,
                family=f"pretrained image{suffix}",
                milliseconds=15.0,
                encoder=make_pipeline(
                    ColumnSelector(name),
                    PretrainedImageEncoder(settings.image_encoder, **source),
                ),
            )
        )
    return found


def _of_numbers(names: list[str]) -> Candidate:
    """Return the candidate for all columns of numbers."""
    pipeline = make_pipeline(
        ColumnSelector(names), HistGradientBoostingClassifier(early_stopping=False)
    )
    return Candidate(
        "numbers",
        pipeline,
        family="numbers",
        gain=0.05,
        milliseconds=1.0,
        columns=names,
    )


def choose_candidates(
    members: Any, columns: pd.DataFrame, settings: Settings
) -> list[Candidate]:
    """Return the candidates that the parameter `members` of AutoClassifier means."""
    if members != "auto" and not all(isinstance(member, str) for member in members):
        check_members(members)
        return [Candidate(name, estimator) for name, estimator in members]
    found = list_candidates(columns, settings)
    if members != "auto":
        known = {candidate.name: candidate for candidate in found}
        unknown = [name for name in members if name not in known]
        if unknown or not members:
            raise ValueError(
                f"`members` has {shown(unknown)}; candidates for the columns of `X` "
                f"are {shown_list(list(known))}."
            )
        return [known[name] for name in members]
    if not found:
        reasons = "; ".join(f"{name}: {why}" for name, why in columns["reason"].items())
        raise ValueError(
            "`X` has no column of texts, images or numbers that a classifier could "
            f"use ({reasons}). Name the kinds of columns in `column_kinds`."
        )
    return found
