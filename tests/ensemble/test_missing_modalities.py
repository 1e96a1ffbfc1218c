"""Leaving out who has nothing to read beats blanks and beats dropping rows."""

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
def test_hiding_photos_and_titles_costs_least_where_votes_are_left_out():
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

    text = TextCNNClassifier(max_epochs=8, random_state=0)
    photo = ImageCNNClassifier(image_size=32, max_epochs=8, random_state=0)
    members = [
        ("title", make_pipeline(ColumnSelector("title"), text)),
        ("photo", make_pipeline(ColumnSelector("image"), photo)),
    ]
    vote = WeightedVotingClassifier(members).fit(hidden[train], y[train])
    imputing = VotingClassifier(members, voting="soft").fit(blank[train], y[train])
    whole = hidden.notna().all(axis=1).to_numpy()
    dropping = VotingClassifier(members, voting="soft")
    dropping.fit(hidden[train & whole], y[train & whole])

    # A blank's vote is a guess, which takes certainty from the member that does see.
    left_out = log_loss(y[test], vote.predict_proba(hidden[test]))
    imputed = log_loss(y[test], imputing.predict_proba(blank[test]))
    dropped = log_loss(y[test], dropping.predict_proba(blank[test]))
    assert left_out < 0.9 * imputed
    assert left_out < 0.9 * dropped
    # Who drops rows has no answer for half of the products.
    right = dropping.predict(hidden[test & whole]) == y[test & whole]
    assert vote.score(hidden[test], y[test]) > right.sum() / test.sum() + 0.1
    assert vote.score(hidden[test], y[test]) > dropping.score(blank[test], y[test])
    nothing = hidden[test].isna().all(axis=1).to_numpy()
    np.testing.assert_allclose(
        vote.predict_proba(hidden[test])[nothing],
        np.tile(vote.class_prior_, (nothing.sum(), 1)),
    )
