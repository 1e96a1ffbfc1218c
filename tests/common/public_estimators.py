"""Every public estimator, small, on rows that it is fitted on in little time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dense_classifiers import TorchDenseClassifier
from sklearn.naive_bayes import GaussianNB

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    ImageInceptionClassifier,
    TextCNNClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
)
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)
from amzest.evaluation import HierarchicalClassifier, ReviewThresholdClassifier

SHOES = ["red running shoe", "blue shoe", "boot", "old boot", "sandal", "shoe"]
GARDEN = ["garden hose", "spade", "rake", "old rake", "blue hose", "hose"]
TITLES = (SHOES + GARDEN) * 2
KINDS = (["shoes"] * 6 + ["garden"] * 6) * 2
#: The same rows with labels whose order is the other way round.
OTHER_KINDS = (["Footwear"] * 6 + ["Outdoor"] * 6) * 2

TEXT = {
    "embedding_size": 8,
    "n_buckets": 256,
    "max_epochs": 2,
    "batch_size": 24,
    "random_state": 0,
}
IMAGE = {"image_size": 32, "max_epochs": 1, "batch_size": 24, "random_state": 0}
MEMBERS = [("bayes", GaussianNB()), ("wide", GaussianNB(var_smoothing=0.1))]


def numbers():
    rng = np.random.default_rng(0)
    return np.c_[np.repeat([0.0, 4.0, 0.0, 4.0], 6), np.zeros(24)] + rng.normal(
        0, 0.5, (24, 2)
    )


def images():
    rng = np.random.default_rng(0)
    colours = np.repeat([40, 200, 40, 200], 6)[:, None, None, None]
    return list((colours + rng.integers(0, 40, (24, 32, 32, 3))).astype(np.uint8))


#: Name -> estimator and rows. The first ones are fitted in milliseconds.
LIGHT = {
    "crossfit": (CrossFit(MEMBERS, cv=2, random_state=0), numbers),
    "average": (CrossFit(MEMBERS, cv=2, refit="average"), numbers),
    "vote": (WeightedVotingClassifier(MEMBERS, random_state=0), numbers),
    "learnt vote": (WeightedVotingClassifier(MEMBERS, weights="learn", cv=2), numbers),
    "stack": (MissingAwareStackingClassifier(MEMBERS, cv=2), numbers),
    "calibrated": (CalibratedClassifier(GaussianNB(), cv=2), numbers),
    "review": (
        ReviewThresholdClassifier(GaussianNB(), target_precision=0.6, cv=2),
        numbers,
    ),
    "hierarchy": (HierarchicalClassifier(GaussianNB()), numbers),
    "selector": (
        ColumnSelector(["a"]),
        lambda: pd.DataFrame(numbers(), columns=["a", "b"]),
    ),
    "dense": (
        TorchDenseClassifier(max_epochs=2, batch_size=24, random_state=0),
        numbers,
    ),
    "TextCNN": (
        TextCNNClassifier(n_filters=4, kernel_sizes=(2,), **TEXT),
        lambda: TITLES,
    ),
}
HEAVY = {
    "TextLSTM": (TextLSTMClassifier(hidden_size=4, **TEXT), lambda: TITLES),
    "TextTransformer": (
        TextTransformerClassifier(hidden_size=8, n_heads=2, **TEXT),
        lambda: TITLES,
    ),
    "ImageCNN": (ImageCNNClassifier(filters=(4,), **IMAGE), images),
    "ImageInception": (
        ImageInceptionClassifier(
            stem_filters=(4,), filters=(8,), modules_per_stage=(1,), **IMAGE
        ),
        images,
    ),
}


def answers(estimator, X):
    """Return all that an estimator says of rows, in arrays that can be compared."""
    if isinstance(estimator, CrossFit):
        members = getattr(estimator, "estimators_", {})
        of_members = [member.predict_proba(X) for member in members.values()]
        return [*of_members, *estimator.oof_proba_.values(), estimator.classes_]
    if isinstance(estimator, ColumnSelector):
        return [np.asarray(estimator.transform(X)), estimator.get_feature_names_out()]
    return [estimator.predict(X), estimator.predict_proba(X), estimator.classes_]
