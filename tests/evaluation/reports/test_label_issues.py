"""find_label_issues: changed labels come first; missing samples are ignored."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amzest.datasets import make_products
from amzest.ensemble import CrossFit
from amzest.evaluation._reports._label_issues import find_label_issues


class Kept(BaseEstimator):
    """The attributes of a fitted CrossFit."""

    def __init__(self, oof_proba, y, present=None, classes=("a", "b", "c")):
        self.oof_proba_ = {k: np.asarray(v, float) for k, v in oof_proba.items()}
        self.names_ = list(oof_proba)
        self.classes_ = np.array(classes)
        self.y_ = np.searchsorted(self.classes_, y)
        everything = {name: np.ones(len(y), dtype=bool) for name in oof_proba}
        self.oof_present_ = everything | {
            k: np.asarray(v) for k, v in (present or {}).items()
        }

    def fit(self, X, y):
        raise AssertionError("a fitted CrossFit was refitted")


def confident(labels, classes="abc", p=0.8):
    proba = np.full((len(labels), len(classes)), (1 - p) / (len(classes) - 1))
    proba[np.arange(len(labels)), [classes.index(label) for label in labels]] = p
    return proba


@pytest.mark.parametrize("weights", [None, [10, 6, 4, 3, 2, 2, 1, 1]])
def test_flipped_labels_of_synthetic_products_come_first(weights):
    shop = make_products(
        600,
        n_image_only=0,
        text_informativeness=0.97,
        label_noise=0.05,
        missing_description=0.2,
        weights=weights,
        image_size=8,
        random_state=0,
    )
    text = shop.data["title"].fillna("") + " " + shop.data["description"].fillna("")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=3)
    members = [
        ("words", make_pipeline(TfidfVectorizer(), LogisticRegression())),
        ("characters", make_pipeline(characters, LogisticRegression())),
    ]
    crossfit = CrossFit(members, refit=False, random_state=0)
    crossfit.fit(text, shop.target)
    flipped = (shop.target != shop.true_target).to_numpy()
    n_flips = flipped.sum()
    assert n_flips == 30

    issues = find_label_issues(crossfit)

    found = flipped[issues["row"][: 2 * n_flips]].sum()
    assert found / n_flips >= 0.8
    marked = issues["row"][issues["is_issue"]]
    assert flipped[marked].mean() >= 0.8
    assert len(marked) >= n_flips / 2
    # The suggested label of a flipped one is the original label.
    first = issues[flipped[issues["row"]]][: n_flips // 2]
    true = shop.true_target.to_numpy()[first["row"]]
    assert (first["suggested_label"] == true).mean() >= 0.9


def test_all_columns_of_the_listed_issues():
    y = list("aaabbbccc")
    predicted = list("aaabbbccc")
    predicted[4] = "a"
    crossfit = Kept({"text": confident(predicted), "image": confident(y, p=0.4)}, y)

    issues = find_label_issues(crossfit)

    assert issues.columns.tolist() == [
        "row",
        "given_label",
        "suggested_label",
        "quality",
        "n_disagree",
        "n_members",
        "is_issue",
    ]
    assert issues.index.tolist() == issues["row"].tolist()
    assert sorted(issues["row"]) == list(range(9))
    first = issues.iloc[0]
    assert first[["row", "given_label", "suggested_label"]].tolist() == [4, "b", "a"]
    # The given label has (0.1 + 0.4) / 2, the suggested one (0.8 + 0.3) / 2.
    assert first["quality"] == pytest.approx((1 + 0.25 - 0.55) / 2)
    assert first[["n_disagree", "n_members"]].tolist() == [1, 2]
    assert issues["quality"].is_monotonic_increasing
    assert (issues["quality"][1:] > 0.5).all()


def test_missing_samples_of_a_member_are_ignored():
    y = list("aabbcc")
    predicted = list("bbbbcc")
    present = {"text": [False, True, True, True, True, False]}
    image = {"image": [True, True, True, True, True, False]}
    crossfit = Kept(
        {"text": confident(predicted), "image": confident(y)}, y, present | image
    )

    issues = find_label_issues(crossfit).set_index("row")

    assert 5 not in issues.index
    assert issues.loc[0, "n_members"] == 1
    assert issues.loc[0, "n_disagree"] == 0
    assert issues.loc[0, "quality"] == pytest.approx((1 + 0.8 - 0.1) / 2)
    assert issues.loc[1, "n_members"] == 2
    assert issues.loc[1, "n_disagree"] == 1
    assert issues.loc[1, "quality"] == pytest.approx(0.5)


def test_index_of_labels_is_kept():
    y = list("aaabbbccc")
    crossfit = Kept({"text": confident(y)}, y)
    changed = pd.Series(list("aaabbbcca"), index=[f"id{i}" for i in range(9)])

    issues = find_label_issues(crossfit, changed, n_examples=2)

    assert len(issues) == 2
    assert issues.index[0] == "id8"
    assert issues.loc["id8", ["given_label", "suggested_label"]].tolist() == ["a", "c"]
    assert bool(issues.loc["id8", "is_issue"]) is True


def test_members_can_be_chosen():
    y = list("aabbcc")
    crossfit = Kept({"text": confident("babbcc"), "image": confident(y)}, y)

    assert (find_label_issues(crossfit, members=["image"])["quality"] > 0.5).all()
    assert find_label_issues(crossfit, members=["text"])["row"].iloc[0] == 0


def test_an_ensemble_is_one_member():
    y = list("aabbcc")
    crossfit = Kept({"text": confident("babbcc")}, y)
    ensemble = Kept({}, y)
    ensemble.oof_proba_ = crossfit.oof_proba_["text"]

    assert_frame_equal(find_label_issues(ensemble), find_label_issues(crossfit))
    with pytest.raises(ValueError, match="is a single classifier"):
        find_label_issues(ensemble, members=["text"])


def test_ties_stay_in_the_order_of_rows_and_every_call_agrees(capfd):
    y = list("abc" * 20)
    crossfit = Kept({"text": confident(y)}, y)

    issues = find_label_issues(crossfit)

    assert_array_equal(issues["row"], np.arange(60))
    assert not issues["is_issue"].any()
    assert_frame_equal(issues, find_label_issues(crossfit))
    assert capfd.readouterr() == ("", "")


def test_a_class_with_one_row_gives_no_warning():
    y = list("aaaaabbbbbc")
    issues = find_label_issues(Kept({"text": confident("aaaaabbbbba")}, y))

    assert issues["row"].iloc[0] == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": ["image"]}, r"`members` must be a list of some of \['text'\]"),
        ({"members": "text"}, "must be a list"),
        ({"members": []}, "must be a list"),
        ({"y": ["a", "b"]}, "`crossfit` has 6 rows, but `y` has 2 rows"),
        ({"y": list("aabbcx")}, "'x' in row 5"),
        ({"y": list("aaaaaa")}, "fewer than two classes"),
        ({"n_examples": 0}, "Got 0 instead"),
    ],
)
def test_label_issues_validate_arguments(arguments, message):
    crossfit = Kept({"text": confident("aabbcc")}, list("aabbcc"))
    with pytest.raises(ValueError, match=message):
        find_label_issues(crossfit, **arguments)


def test_label_issues_of_a_plain_classifier_raise():
    plain = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="Pass a fitted CrossFit"):
        find_label_issues(plain)


def test_label_issues_without_cleanlab_raise():
    code = """
import sys
sys.modules["cleanlab"] = None
sys.modules["cleanlab.rank"] = None
from amzest.evaluation._reports._label_issues import find_label_issues
try:
    find_label_issues(None)
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "find_label_issues needs cleanlab" in done.stdout
    assert 'pip install "amzest[labels]"' in done.stdout
