"""Text, image and number columns of one frame in scikit-learn's own compositions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    TextCNNClassifier,
    TextLSTMClassifier,
)
from amzest.datasets import make_products

TEXT = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 3, "random_state": 0}
IMAGE = {"filters": (4, 8), "image_size": 32, "max_epochs": 2, "random_state": 0}


def text_network(**options):
    return TextCNNClassifier(n_filters=4, kernel_sizes=(1, 2), **{**TEXT, **options})


def text_pipeline():
    return make_pipeline(ColumnSelector(["title", "description"]), text_network())


def image_pipeline():
    return make_pipeline(ColumnSelector("image"), ImageCNNClassifier(**IMAGE))


def members():
    return [("text", text_pipeline()), ("image", image_pipeline())]


def mixed_columns():
    """Return the design's own example: networks beside an ordinary column."""
    columns = ColumnTransformer(
        [
            ("title", text_network(), "title"),
            ("description", TextLSTMClassifier(hidden_size=4, **TEXT), "description"),
            ("image", ImageCNNClassifier(**IMAGE), "image"),
            ("price", make_pipeline(SimpleImputer(), StandardScaler()), ["price"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000))


@pytest.fixture(scope="module")
def products():
    """A catalogue with holes: no title, no description, no image, or none of them."""
    X, y = make_products(
        48,
        n_categories=3,
        n_text_only=0,
        n_image_only=0,
        missing_title=0.1,
        missing_description=0.1,
        missing_image=0.1,
        image_size=32,
        return_X_y=True,
        random_state=0,
    )
    X.loc[X.index[5], ["title", "description", "image"]] = [None, np.nan, None]
    X.loc[X.index[6], "price"] = np.nan
    X.index = X.index[::-1] * 10  # nothing may depend on the index
    return X, np.asarray(y, dtype=object)


def assert_probabilities(proba, n_rows, n_classes=3):
    assert proba.shape == (n_rows, n_classes)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


@pytest.fixture(scope="module")
def voting(products):
    X, y = products
    return VotingClassifier(members(), voting="soft", weights=[2, 1]).fit(X, y)


def test_the_frame_has_holes_and_further_columns(products):
    X, _ = products
    assert X[["title", "description", "image"]].isna().any().all()
    assert set(X.columns) == {"id", "title", "description", "price", "image"}


@pytest.mark.slow  # whichever comes first waits for its framework
@pytest.mark.parametrize("pipeline", [text_pipeline, image_pipeline])
def test_pipeline(products, pipeline):
    X, y = products
    model = pipeline().fit(X, y)
    assert model.classes_.tolist() == sorted(set(y))
    assert set(model.predict(X)) <= set(y)
    proba = model.predict_proba(X)
    assert_probabilities(proba, len(X))
    frequencies = pd.Series(y).value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(proba[5], frequencies, err_msg="missing sample")
    shuffled = X.sample(frac=1, random_state=0, axis=1)
    np.testing.assert_array_equal(model.predict_proba(shuffled), proba)
    names = model[-1].get_feature_names_out()
    assert model.transform(X).shape == (len(X), len(names))
    assert model[-1].__sklearn_tags__().input_tags.allow_nan


def test_column_transformer(products):
    X, y = products
    model = mixed_columns().fit(X, y)
    assert set(model.predict(X)) <= set(y)
    assert_probabilities(model.predict_proba(X), len(X))
    columns = model[0]
    features = columns.transform(X)
    names = columns.get_feature_names_out()
    assert features.shape == (len(X), len(names))
    assert len(set(names)) == len(names)
    blocks = {name.split("__")[0]: name.split("__")[1] for name in names}
    assert blocks["title"].startswith("textcnnclassifier")
    assert blocks["image"].startswith("imagecnnclassifier")
    assert blocks["price"] == "price"
    title = columns.named_transformers_["title"]
    np.testing.assert_allclose(
        features[:, columns.output_indices_["title"]], title.transform(X["title"])
    )
    nothing = X["title"].isna().to_numpy()
    assert (features[nothing, columns.output_indices_["title"]] == 0).all()


def test_column_transformer_gives_a_frame(products):
    X, y = products
    columns = ColumnTransformer(
        [
            ("text", text_network(), ["title", "description"]),
            ("n", "passthrough", ["price"]),
        ]
    ).set_output(transform="pandas")
    frame = columns.fit_transform(X, y)
    assert frame.columns.tolist() == columns.get_feature_names_out().tolist()
    assert frame.index.equals(X.index)
    assert frame["n__price"].equals(X["price"])
    assert set(frame.dtypes.astype(str)) == {"float32", "float64"}


def test_feature_union(products):
    X, y = products
    model = make_pipeline(FeatureUnion(members()), LogisticRegression(max_iter=1000))
    assert_probabilities(model.fit(X, y).predict_proba(X), len(X))
    names = model[0].get_feature_names_out()
    assert {name.split("__")[0] for name in names} == {"text", "image"}


def test_voting_weighs_the_members_probabilities(products, voting):
    X, y = products
    text, image = voting.estimators_
    expected = np.average(
        [text.predict_proba(X), image.predict_proba(X)], axis=0, weights=[2, 1]
    )
    np.testing.assert_allclose(voting.predict_proba(X), expected)
    predicted = voting.predict(X)
    assert {type(label) for label in predicted} == {str}
    assert set(predicted) <= set(y)
    assert predicted.tolist() == np.array(sorted(set(y)))[expected.argmax(1)].tolist()


def test_voting_predicts_one_row(products, voting):
    X, _ = products
    for row in (0, 5):
        alone = X.iloc[[row]]
        np.testing.assert_allclose(
            voting.predict_proba(alone), voting.predict_proba(X)[[row]], atol=1e-5
        )
        assert voting.predict(alone).tolist() == [voting.predict(X)[row]]


def test_hard_voting(products):
    X, y = products
    model = VotingClassifier([*members(), ("again", text_pipeline())]).fit(X, y)
    assert set(model.predict(X)) <= set(y)


@pytest.mark.slow
def test_stacking(products):
    X, y = products
    model = StackingClassifier(members(), LogisticRegression(), cv=3).fit(X, y)
    assert model.classes_.tolist() == sorted(set(y))
    assert set(model.predict(X)) <= set(y)
    assert_probabilities(model.predict_proba(X), len(X))
    assert model.transform(X).shape == (len(X), 6)
    assert model.score(X, y) > 0.4
    assert len(model.get_feature_names_out()) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pipeline", "ensemble"), [(text_pipeline, True), (image_pipeline, False)]
)
def test_calibrated(products, pipeline, ensemble):
    X, y = products
    model = CalibratedClassifierCV(pipeline(), cv=2, ensemble=ensemble).fit(X, y)
    assert_probabilities(model.predict_proba(X), len(X))
    assert set(model.predict(X)) <= set(y)


@pytest.mark.slow
def test_cross_val_predict(products):
    X, y = products
    folds = StratifiedKFold(2)
    for pipeline in (text_pipeline(), image_pipeline()):
        proba = cross_val_predict(pipeline, X, y, cv=folds, method="predict_proba")
        assert_probabilities(proba, len(X))
        for train, test in list(folds.split(X, y))[:1]:
            model = clone(pipeline).fit(X.iloc[train], y[train])
            np.testing.assert_array_equal(
                proba[test], model.predict_proba(X.iloc[test])
            )


@pytest.mark.slow
def test_grid_search_over_both_frameworks(products):
    X, y = products
    model = VotingClassifier(members(), voting="soft")
    grid = [
        {
            "text__textcnnclassifier__kernel_sizes": [(2,)],
            "text__columnselector__columns": ["title"],
            "image__imagecnnclassifier__filters": [(4,)],
        },
        {
            "text__textcnnclassifier__kernel_sizes": [(1, 2, 3)],
            "image__imagecnnclassifier__filters": [(4, 4)],
            "weights": [(1, 2)],
        },
    ]
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    text, image = search.best_estimator_.estimators_
    best = search.best_params_
    assert text[-1].architecture_["kernel_sizes"] == list(
        best["text__textcnnclassifier__kernel_sizes"]
    )
    assert image[-1].architecture_["filters"] == list(
        best["image__imagecnnclassifier__filters"]
    )
    assert set(search.predict(X)) <= set(y)


@pytest.mark.slow
def test_two_jobs_give_what_one_gives(products):
    X, y = products
    results = [
        cross_val_predict(
            VotingClassifier(members(), voting="soft"),
            X,
            y,
            cv=2,
            method="predict_proba",
            n_jobs=n_jobs,
        )
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*results)


@pytest.mark.slow
def test_members_fitted_by_two_jobs_come_back(products):
    X, y = products
    one, two = (
        VotingClassifier(members(), voting="soft", n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


@pytest.mark.slow
def test_cross_validate_of_the_mixed_columns(products):
    X, y = products
    scores = cross_validate(
        mixed_columns(),
        X,
        y,
        cv=2,
        scoring=["accuracy", "neg_log_loss"],
        error_score="raise",
        return_train_score=True,
    )
    assert (scores["train_accuracy"] >= 0.4).all()
    assert np.isfinite(scores["test_neg_log_loss"]).all()


def test_parameters_are_reached_by_name():
    model = mixed_columns()
    model.set_params(
        columntransformer__image__filters=(4,), columntransformer__n_jobs=1
    )
    assert model[0].get_params()["image"].filters == (4,)
    assert model[0].get_params()["title__max_epochs"] == 3
    assert isinstance(clone(model), Pipeline)


@pytest.mark.parametrize("fitted", [False, True])
def test_html_shows_every_part(products, voting, fitted):
    model = voting if fitted else VotingClassifier(members())
    html = model._repr_html_()
    for name in (
        "VotingClassifier",
        "ColumnSelector",
        "TextCNNClassifier",
        "ImageCNNClassifier",
    ):
        assert name in html
    for name in ("ColumnTransformer", "TextLSTMClassifier", "StandardScaler"):
        assert name in mixed_columns()._repr_html_()
