import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest import ColumnSelector, ImageCNNClassifier, TextLinearClassifier
from amzest.distributed._model_columns import model_columns
from amzest.ensemble import CrossFit, WeightedVotingClassifier
from amzest.meta import ReviewThresholdClassifier

CATEGORIES = ["shoes", "shoes", "garden", "garden"] * 6


@pytest.fixture(scope="module")
def products(table):
    return table.assign(id=range(24), price=np.arange(24.0))


def linear(columns="title"):
    classifier = TextLinearClassifier(C=1.0, random_state=0)
    return make_pipeline(ColumnSelector(columns), classifier)


def image():
    # Only its tags are read.
    return make_pipeline(ColumnSelector("photo"), ImageCNNClassifier())  # language: ok


@pytest.mark.parametrize(
    "model",
    [
        linear(["title", "description"]),
        make_pipeline(ColumnSelector([0, 1]), TextLinearClassifier(C=1.0)),
        WeightedVotingClassifier([("a", linear()), ("b", linear("description"))]),
        ReviewThresholdClassifier(linear(["title", "description"]), cv=2),
        GridSearchCV(
            linear(["title", "description"]),
            {"textlinearclassifier__C": [1.0]},
            cv=2,
        ),
        make_pipeline(
            ColumnTransformer(
                [
                    ("title", TextLinearClassifier(C=1.0), "title"),
                    ("description", TextLinearClassifier(C=1.0), ["description"]),
                ]
            ),
            LogisticRegression(),
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_texts_of_pipelines_and_ensembles(model, products):
    found = model_columns(clone(model).fit(products, CATEGORIES))
    assert found.kinds == {"title": "text", "description": "text"}
    assert not found.is_unnamed


def test_vote_of_a_cross_fit(products):
    crossfit = CrossFit([("a", linear()), ("b", linear("description"))], cv=2)
    vote = crossfit.fit(products, CATEGORIES).weighted_voting()
    assert model_columns(vote).names == ["title", "description"]


def test_image_and_other_columns(products):
    assert model_columns(image()).kinds == {"photo": "image"}  # language: ok
    model = ColumnTransformer(
        [("n", StandardScaler(), ["price"]), ("t", TextLinearClassifier(C=1), "title")]
    )
    model = make_pipeline(model, LogisticRegression()).fit(products, CATEGORIES)
    assert model_columns(model).kinds == {"price": "other", "title": "text"}
    forest = LogisticRegression().fit(products[["price", "id"]], CATEGORIES)
    assert model_columns(forest).kinds == {"price": "other", "id": "other"}


def test_columns_of_transformers(products):
    # Also those that are selected but not read, without which `transform` fails.
    model = ColumnTransformer(
        [
            ("n", StandardScaler(), ["price"]),
            ("t", linear(), ["title", "description"]),
            ("k", "passthrough", ["id"]),
        ]
    )
    model = make_pipeline(model, LogisticRegression()).fit(products, CATEGORIES)
    kinds = {"title": "text", "description": "other", "price": "other", "id": "other"}
    assert model_columns(model).kinds == kinds
    model = ColumnTransformer([("n", StandardScaler(), ["price"])])
    model = make_pipeline(model, LogisticRegression()).fit(products, CATEGORIES)
    assert model_columns(model).kinds == {"price": "other"}
    both = FeatureUnion([("t", linear()), ("d", linear("description"))])
    model = make_pipeline(both, LogisticRegression()).fit(products, CATEGORIES)
    assert model_columns(model).kinds == {"title": "text", "description": "text"}


def test_models_without_names():
    texts = [f"{word} {i}" for i, word in enumerate(CATEGORIES)]
    found = model_columns(TextLinearClassifier(C=1).fit(texts, CATEGORIES))
    assert found.is_unnamed
    assert found.kinds == {"text": "text"}
    vectors = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert model_columns(vectors.fit(texts, CATEGORIES)).names == ["text"]
    two = np.array([texts, texts], dtype=object).T
    found = model_columns(TextLinearClassifier(C=1).fit(two, CATEGORIES))
    assert found.kinds == {"text_1": "text", "text_2": "text"}


def test_rename():
    found = model_columns(image())
    assert found.renamed(["picture"]).kinds == {"picture": "image"}  # language: ok
    with pytest.raises(ValueError, match="reads 1 columns, but 2 names"):
        found.renamed(["a", "b"])


def test_names_of_a_frame_without_selector(products):
    model = TextLinearClassifier(C=1).fit(products[["title"]], CATEGORIES)
    assert model_columns(model).kinds == {"title": "text"}
    assert pd.DataFrame(products).shape == (24, 4)
