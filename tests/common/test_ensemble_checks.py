"""Ensembles of text networks pass the common checks that are not about a network."""

import numpy as np
import pytest
from product_checks import CHECKS, Case, check_zero_weight_equals_removal, column_of
from sklearn.base import clone

from amzest import TextCNNClassifier, TextLSTMClassifier
from amzest.datasets import make_products
from amzest.ensemble import (
    CalibratedClassifier,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)

SMALL = {
    "embedding_size": 8,
    "n_buckets": 512,
    "max_epochs": 6,
    "token_dropout": 0.0,
    "embedding_dropout": 0.0,
    "dropout": 0.0,
    "random_state": 0,
}
MEMBERS = [
    ("cnn", TextCNNClassifier(n_filters=8, kernel_sizes=(2, 3), **SMALL)),
    ("lstm", TextLSTMClassifier(hidden_size=8, **SMALL)),
]
ENSEMBLES = {
    "vote": WeightedVotingClassifier(MEMBERS, random_state=0),
    "learnt vote": WeightedVotingClassifier(
        MEMBERS, weights="learn", cv=2, random_state=0
    ),
    "stack": MissingAwareStackingClassifier(MEMBERS, cv=2, random_state=0),
    "calibrated": CalibratedClassifier(MEMBERS[0][1], cv=2, random_state=0),
}


#: Checks of what ensembles do not have, such as parameters, state and activations of a
#: network, and of messages that are different for ensembles.
ABOUT_NETWORKS = {
    "check_bad_parameters_are_named",
    "check_class_weight",
    "check_documented_defaults_and_attributes",
    "check_feature_names",
    "check_fitted_state_is_plain_data",
    "check_global_generators_are_untouched",
    "check_it_learns",
    "check_kind_and_tags",
    "check_metadata_routing",
    "check_missing_rows_get_the_class_frequencies",
    "check_no_rows_is_a_clear_error",
    "check_not_fitted",
    "check_one_row",
    "check_only_missing_rows",
    "check_order_of_rows_does_not_change_a_prediction",
    "check_parameters_are_stored_as_given",
    "check_parameters_round_trip",
    "check_partial_fit_adds_a_class_without_forgetting",
    "check_partial_fit_validates_as_fit_does",
    "check_same_seed_same_bits",
    "check_transform",
    "check_using_it_changes_no_attribute",
    "check_warm_start_begins_as_without",
    "check_weight_equals_repetition",
    "check_x_and_y_are_untouched",
    "check_zero_weight_equals_removal",
}
APPLY = [check for check in CHECKS if check.__name__ not in ABOUT_NETWORKS]


@pytest.fixture(scope="module")
def rows():
    made = make_products(
        36, n_categories=3, n_text_only=0, n_image_only=0, random_state=0
    )
    return column_of(made.data["title"].fillna("a thing")), np.asarray(
        made.target, dtype=object
    )


PAIRS = [
    (name, check)
    for name in ENSEMBLES
    for check in APPLY
    # The second column contradicts the first there, so that out-of-fold predictions are
    # no better than chance, and calibration makes all predictions equal.
    if (name, check.__name__) != ("calibrated", "check_two_columns")
]


@pytest.mark.parametrize(("name", "check"), PAIRS)
def test_common_check(name, check, rows):
    X, y = rows
    check(Case(ENSEMBLES[name], X, y, column="title", quiet={}, unreadable=3.5))


def test_excluded_checks_exist():
    names = {check.__name__ for check in CHECKS}
    assert names >= ABOUT_NETWORKS
    assert len(APPLY) == len(CHECKS) - len(ABOUT_NETWORKS) >= 20


def test_zero_weight_equals_removal_without_folds(rows):
    X, y = rows
    vote = ENSEMBLES["vote"]
    check_zero_weight_equals_removal(
        Case(vote, X, y, column="title", quiet={}, unreadable=3.5)
    )


@pytest.mark.parametrize("name", ENSEMBLES)
def test_input_order_generators_and_seeds(name, rows):
    X, y = rows
    before = X.copy(), y.copy()
    state = np.random.get_state()[1].copy()
    ensemble = clone(ENSEMBLES[name]).fit(X, y)
    proba = ensemble.predict_proba(X)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    for array, untouched in zip((X, y), before, strict=True):
        np.testing.assert_array_equal(array, untouched)
    again = clone(ENSEMBLES[name]).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), proba)
    np.testing.assert_allclose(ensemble.predict_proba(X[::-1])[::-1], proba, atol=1e-6)
    np.testing.assert_allclose(ensemble.predict_proba(X[:1]), proba[:1], atol=1e-6)
    missing = ensemble.predict_proba(column_of([None, " ", X[0]]))
    np.testing.assert_allclose(missing[:2], np.tile(ensemble.class_prior_, (2, 1)))
    np.testing.assert_allclose(missing[2], proba[0], atol=1e-6)
    with pytest.raises(ValueError, match="0 sample"):
        clone(ENSEMBLES[name]).fit(X[:0], y[:0])
