"""The metadata of files, and model cards."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from public_estimators import KINDS, MEMBERS, TITLES, numbers
from sklearn.pipeline import make_pipeline

import amzest
from amzest import ColumnSelector, TextLinearClassifier, make_products
from amzest.ensemble import CrossFit, WeightedVotingClassifier
from amzest.evaluation import compare_classifiers
from amzest.persistence import model_card, read_metadata


@pytest.fixture(scope="module")
def crossfit():
    return CrossFit(MEMBERS, cv=2, random_state=0).fit(numbers(), KINDS)


@pytest.fixture(scope="module")
def model():
    frame = pd.DataFrame({"title": TITLES})
    steps = ColumnSelector(["title"]), TextLinearClassifier(C=1.0, random_state=0)
    return make_pipeline(*steps).fit(frame, KINDS)


def saved(model, tmp_path, **about):
    return read_metadata(amzest.save(model, tmp_path / "model.amz", **about))


def test_metadata_describes_the_model(model, tmp_path):
    frame = pd.DataFrame({"title": [*TITLES[:-1], None], "price": 1.0})
    about = saved(model, tmp_path, description="Shop", data=frame)
    assert about["format_version"] == 1
    assert about["description"] == "Shop"
    assert about["model"] == "Pipeline"
    assert "TextLinearClassifier(C=1.0" in about["parameters"]
    assert about["classes"] == ["garden", "shoes"]
    assert about["columns"] == ["title"]
    assert about["versions"]["amzest"] == amzest.__version__
    assert not {"torch", "tensorflow"} & about["versions"].keys()
    assert about["data"] == {
        "rows": 24,
        "columns": {
            "title": {"dtype": str(frame["title"].dtype), "missing": 0.0417},
            "price": {"dtype": "float64", "missing": 0.0},
        },
    }
    assert about["scores"] is None
    assert pd.Timestamp(about["created"]).tzinfo is not None


def test_training_is_summarised_as_far_as_it_is_known(crossfit, tmp_path):
    vote = WeightedVotingClassifier.from_crossfit(crossfit)
    training = saved(crossfit, tmp_path)["training"]
    assert training["rows"] == 24
    assert training["class_prior"] == [0.5, 0.5]
    assert training["seconds"] >= 0
    assert saved(vote, tmp_path)["training"]["rows"] == 24


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("Two shops, 2025", {"description": "Two shops, 2025"}),
        ({"rows": 5, "source": "shop"}, {"rows": 5, "source": "shop"}),
        (["a", "b"], {"rows": 2}),
        (np.zeros((3, 2)), {"rows": 3}),
        (pl.DataFrame({"t": ["x"]}), {"rows": 1, "columns": {"t": ...}}),
    ],
    ids=["text", "dict", "list", "array", "polars"],
)
def test_data_is_summarised(model, tmp_path, data, expected):
    found = saved(model, tmp_path, data=data)["data"]
    if "columns" in expected:
        assert found["columns"]["t"]["missing"] == 0.0
    else:
        assert found == expected


def test_scores_are_stored_with_intervals(model, crossfit, tmp_path):
    comparison = compare_classifiers(crossfit, n_bootstrap=50)
    for scores in (comparison, crossfit):
        stored = saved(model, tmp_path, scores=scores)["scores"]
        assert stored["n_samples"] == 24
        first = stored["values"][0]
        assert (first["design"], first["metric"]) == ("bayes", "accuracy")
        assert first["low"] <= first["value"] <= first["high"]
        assert {row["category"] for row in stored["categories"]} == {"garden", "shoes"}
    frame = comparison.frame()
    assert saved(model, tmp_path, scores=frame)["scores"]["values"][0] == {
        **{"design": "bayes", "metric": "accuracy", "value": frame["accuracy"].iloc[0]},
        "low": frame["accuracy_low"].iloc[0],
        "high": frame["accuracy_high"].iloc[0],
    }


def test_scores_of_folds_have_their_standard_deviation(model, tmp_path):
    folds = {"test_accuracy": np.array([0.8, 0.9]), "fit_time": [1, 2], "indices": {}}
    found = saved(model, tmp_path, scores=folds)["scores"]["values"]
    assert [score["metric"] for score in found] == ["test_accuracy", "fit_time"]
    assert found[0]["value"] == pytest.approx(0.85)
    assert found[0]["std"] == pytest.approx(0.0707, abs=1e-4)
    assert found[0]["n_folds"] == 2
    alone = saved(model, tmp_path, scores=np.array([0.8, 0.9]))["scores"]["values"]
    assert alone[0]["metric"] == "score"


@pytest.mark.parametrize(
    "about", [{"data": 3}, {"data": {"x": object()}}, {"scores": {"a": "good"}}]
)
def test_what_cannot_be_described_raises(model, tmp_path, about):
    with pytest.raises(TypeError, match=f"`{next(iter(about))}` "):
        amzest.save(model, tmp_path / "model.amz", **about)
    with pytest.raises(TypeError, match="`description` must be"):
        amzest.save(model, tmp_path / "model.amz", description=3)


def test_the_card_of_a_file_is_that_of_its_model(model, crossfit, tmp_path):
    path = tmp_path / "model.amz"
    scores = compare_classifiers(crossfit, n_bootstrap=50)
    amzest.save(
        model, path, description="For a | b.", data="Toy titles.", scores=scores
    )
    card = model_card(path, title="Shop", limits=["Only English."])
    for line in (
        "# Shop\n\nFor a | b.\n",
        "- Categories (2): garden, shoes",
        "- Description: Toy titles.",
        "| bayes | accuracy | 1.000 |",
        "### Categories",
        "- Only English.",
        "- Fewer than 30 rows, so that the scores are uncertain: garden, shoes",
        f"- amzest {amzest.__version__}",
        "model = amzest.load('model.amz')",
    ):
        assert line in card
    other = model_card(
        model, description="For a | b.", data="Toy titles.", scores=scores
    )
    sections = [text.partition("\n")[0] for text in card.split("\n## ")]
    assert [*sections[1:-1]] == [t.partition("\n")[0] for t in other.split("\n## ")][1:]
    assert "No scores were given." in model_card(model)


def headings(card):
    return [part.partition("\n")[0] for part in card.split("\n## ")[1:]]


def test_a_card_names_many_categories_up_to_a_limit(tmp_path):
    X, y = make_products(200, return_X_y=True, random_state=0, image_size=8)
    labels = np.arange(len(y)) % 60
    many = TextLinearClassifier(C=1.0, random_state=0).fit(X["title"], labels)
    assert "48, 49 and 10 more" in model_card(many, data=X)
