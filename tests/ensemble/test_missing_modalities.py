"""Leaving out missing members is better than imputing or dropping samples."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier
from amzest.datasets import make_products
from amzest.ensemble import WeightedVotingClassifier
from amzest.utils import is_missing


@pytest.mark.slow
def test_missing_images_and_titles_are_best_left_out_of_the_vote():
    products = make_products(900, image_size=32, random_state=0)
    X, y = products.data[["title", "image"]], products.target.to_numpy()
    rng = np.random.default_rng(0)
    hidden = X.copy()
    for column in X:
        hidden[column] = hidden[column].astype(object).mask(rng.random(len(X)) < 0.3)
    train, test = np.arange(len(X)) < 600, np.arange(len(X)) >= 600
    white = np.full((32, 32, 3), 255, dtype=np.uint8)
    blank = hidden.copy()
    blank["title"] = blank["title"].fillna("product")
    blank["image"] = [white if is_missing(cell) else cell for cell in blank["image"]]

    text = TextCNNClassifier(max_epochs=8, calibrate=False, random_state=0)
    image = ImageCNNClassifier(
        image_size=32, filters=(8, 16, 32), max_epochs=8, random_state=0
    )
    members = [
        ("title", make_pipeline(ColumnSelector("title"), text)),
        ("image", make_pipeline(ColumnSelector("image"), image)),
    ]
    vote = WeightedVotingClassifier(members).fit(hidden[train], y[train])
    imputing = VotingClassifier(members, voting="soft").fit(blank[train], y[train])
    whole = hidden.notna().all(axis=1).to_numpy()
    dropping = VotingClassifier(members, voting="soft")
    dropping.fit(hidden[train & whole], y[train & whole])

    # The prediction for an imputed cell is a guess, which makes the mean less
    # confident.
    left_out = log_loss(y[test], vote.predict_proba(hidden[test]))
    imputed = log_loss(y[test], imputing.predict_proba(blank[test]))
    dropped = log_loss(y[test], dropping.predict_proba(blank[test]))
    assert left_out < 0.9 * imputed
    assert left_out < 0.9 * dropped
    # After dropping there is no prediction for half of the products.
    right = dropping.predict(hidden[test & whole]) == y[test & whole]
    assert vote.score(hidden[test], y[test]) > right.sum() / test.sum() + 0.1
    assert vote.score(hidden[test], y[test]) > dropping.score(blank[test], y[test])
    nothing = hidden[test].isna().all(axis=1).to_numpy()
    np.testing.assert_allclose(
        vote.predict_proba(hidden[test])[nothing],
        np.tile(vote.class_prior_, (nothing.sum(), 1)),
    )
