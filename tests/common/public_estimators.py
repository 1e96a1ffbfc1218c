"""Every public estimator, small, with data on which it is fitted in little time."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from dense_classifiers import TorchDenseClassifier
from product_checks import small
from sklearn.naive_bayes import GaussianNB
from tiny_models import tiny_bert, tiny_vit

from amzest import (
    AutoClassifier,
    ColumnSelector,
    PretrainedImageClassifier,
    PretrainedImageEncoder,
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    TextLinearClassifier,
    ZeroShotClassifier,
)
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier
from amzest.neural import all_networks

SHOES = ["red running shoe", "blue shoe", "boot", "old boot", "sandal", "shoe"]
GARDEN = ["garden hose", "spade", "rake", "old rake", "blue hose", "hose"]
TITLES = (SHOES + GARDEN) * 2
KINDS = (["shoes"] * 6 + ["garden"] * 6) * 2
#: Other labels of the same samples, in reverse alphabetical order.
OTHER_KINDS = (["Footwear"] * 6 + ["Outdoor"] * 6) * 2

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


def titles():
    return TITLES


#: Tiny pretrained models; they are written when data for them is asked for.
_MODELS = tempfile.TemporaryDirectory(prefix="amzest-tiny-models-")
TEXT_MODEL, IMAGE_MODEL = (str(Path(_MODELS.name, kind)) for kind in ("text", "image"))


def titles_and_model():
    if not Path(TEXT_MODEL).exists():
        tiny_bert(TEXT_MODEL)
    return TITLES


def images_and_model():
    if not Path(IMAGE_MODEL).exists():
        tiny_vit(IMAGE_MODEL)
    return images()


#: Networks by name, each with its data: found by their classes, not listed.
NETWORKS = {
    name: (small(network, max_epochs=max_epochs, batch_size=24), data)
    for kind, max_epochs, data in (("text", 2, titles), ("image", 1, images))
    for name, network in all_networks(kind).items()
}

#: Estimators by name, each with its data. Most of these are fitted in milliseconds.
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
    "auto": (
        AutoClassifier(None, MEMBERS, cv=2, on_interrupt="raise", random_state=0),
        numbers,
    ),
    "selector": (
        ColumnSelector(["a"]),
        lambda: pd.DataFrame(numbers(), columns=["a", "b"]),
    ),
    "dense": (
        TorchDenseClassifier(max_epochs=2, batch_size=24, random_state=0),
        numbers,
    ),
    "TextLinearClassifier": (TextLinearClassifier(random_state=0), titles),
    "PretrainedTextClassifier": (
        PretrainedTextClassifier(TEXT_MODEL, random_state=0),
        titles_and_model,
    ),
    # One network of those that are fast to import and to fit.
    "TextCNNClassifier": NETWORKS["TextCNNClassifier"],
}
HEAVY = {name: entry for name, entry in NETWORKS.items() if name not in LIGHT} | {
    "PretrainedTextClassifier, all": (
        PretrainedTextClassifier(
            TEXT_MODEL, trainable="all", max_epochs=1, random_state=0
        ),
        titles_and_model,
    ),
    "PretrainedTextEncoder": (PretrainedTextEncoder(TEXT_MODEL), titles_and_model),
    "PretrainedImageClassifier": (
        PretrainedImageClassifier(IMAGE_MODEL, random_state=0),
        images_and_model,
    ),
    "PretrainedImageClassifier, 1": (
        PretrainedImageClassifier(
            IMAGE_MODEL, trainable=1, max_epochs=1, random_state=0
        ),
        images_and_model,
    ),
    "PretrainedImageEncoder": (PretrainedImageEncoder(IMAGE_MODEL), images_and_model),
    "ZeroShotClassifier": (
        ZeroShotClassifier(TEXT_MODEL, [*dict.fromkeys(KINDS + OTHER_KINDS)]),
        titles_and_model,
    ),
}


def answers(estimator, X):
    """Return all predictions of an estimator as arrays that can be compared."""
    if isinstance(estimator, CrossFit):
        members = getattr(estimator, "estimators_", {})
        of_members = [member.predict_proba(X) for member in members.values()]
        return [*of_members, *estimator.oof_proba_.values(), estimator.classes_]
    if not hasattr(estimator, "predict"):
        return [np.asarray(estimator.transform(X)), estimator.get_feature_names_out()]
    return [estimator.predict(X), estimator.predict_proba(X), estimator.classes_]
