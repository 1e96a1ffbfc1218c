import numpy as np
import pandas as pd
import polars as pl
import pytest
from few_titles import KINDS, TITLES
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import LinearSVC

from amzest.compose import ColumnSelector
from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)
from amzest.inspection import explain
from amzest.inspection._image_occlusion import read_pixels
from amzest.inspection._model_columns import Reader, kinds_of_columns
from amzest.inspection._samples import Samples
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier
from amzest.text import TextLinearClassifier


def linear_of(columns):
    return make_pipeline(ColumnSelector(columns), TextLinearClassifier(random_state=0))


def bag_of_words(columns):
    return make_pipeline(
        ColumnSelector(columns), TfidfVectorizer(), LogisticRegression()
    )


class CornerClassifier(ClassifierMixin, BaseEstimator):
    """Predicts whether the top left quarter of an image is dark."""

    def fit(self, X, y):
        self.classes_ = np.array(["bright", "dark"])
        return self

    def predict_proba(self, X):
        bright = [
            0.5
            if image is None
            else np.mean(image[: len(image) // 2, : len(image) // 2])
            for image in X
        ]
        dark = 1 - np.array(bright) / 255
        return np.stack([1 - dark, dark], axis=1)


def dark_corner():
    image = np.full((16, 16, 3), 250, np.uint8)
    image[:8, :8] = 0
    return image


def test_words_of_columns_with_their_positions(two_columns, table):
    words = explain(two_columns, table).frame()
    assert words.columns.tolist() == [
        "row", "label", "column", "word", "start", "end", "contribution"
    ]  # fmt: skip
    first = words[words["row"] == 0]
    assert first["word"].tolist() == ["red", "running", "shoe", "for", "sports"]
    assert first["column"].tolist() == ["title"] * 3 + ["note"] * 2
    cell = table["title"][0]
    for word, start, end in first[["word", "start", "end"]].itertuples(index=False):
        source = cell if word in cell else table["note"][0]
        assert source[start:end] == word


def test_missing_cells_have_no_contributions(two_columns, table):
    explanation = explain(two_columns, table)
    words = explanation.frame()
    assert not ((words["row"] == 1) & (words["column"] == "note")).any()
    assert 31 not in words["row"].to_numpy()
    assert len(explanation) == 32
    columns = explanation.columns_frame()
    assert (columns.loc[columns["row"] == 31, "contribution"] == 0).all()


@pytest.mark.parametrize("y", [None, "garden", KINDS])
def test_explained_category(linear, y):
    explanation = explain(linear, TITLES, y=y)
    predicted = linear.predict(TITLES).tolist()
    expected = {None: predicted, "garden": ["garden"] * 32}.get(
        y if isinstance(y, str) else None, KINDS
    )
    if y is None:
        expected = predicted
    assert explanation.samples["label"].tolist() == expected
    assert explanation.samples["predicted"].tolist() == predicted
    codes = np.searchsorted(linear.classes_, expected)
    proba = linear.predict_proba(TITLES)[np.arange(32), codes]
    assert explanation.samples["probability"].to_numpy() == pytest.approx(proba)


def test_occlusion_is_the_decrease_without_a_word(linear):
    words = explain(linear, ["red garden shoe"], y="shoes", method="occlusion").frame()
    variants = ["red garden shoe", "garden shoe", "red shoe", "red garden"]
    proba = linear.predict_proba(variants)[:, 1]
    assert words["contribution"].to_numpy() == pytest.approx(proba[0] - proba[1:])


def test_repeated_words_are_left_out_together(linear):
    text = "Shoe garden shoe"
    words = explain(linear, [text], y="shoes", method="occlusion").frame()
    proba = linear.predict_proba([text, "garden"])[:, 1]
    half = (proba[0] - proba[1]) / 2
    assert words["contribution"].tolist()[::2] == pytest.approx([half, half])


def test_neighbours_are_left_out_together_in_long_texts(linear):
    text = "red running shoe leather boot"
    words = explain(linear, [text], method="occlusion", max_parts=2).frame()
    assert words["contribution"].nunique() == 2
    assert len(words) == 5


@pytest.mark.parametrize(
    "as_container", [list, np.array, pd.Series, lambda t: pd.DataFrame({"title": t})]
)
@pytest.mark.parametrize("method", ["exact", "occlusion"])
def test_containers_give_equal_contributions(linear, as_container, method):
    expected = explain(linear, TITLES[:4], method=method).frame()["contribution"]
    with_names = as_container(TITLES[:4])
    found = explain(linear, with_names, method=method).frame()["contribution"]
    assert found.to_numpy() == pytest.approx(expected.to_numpy())


def test_polars_and_rows_of_lists(two_columns, table):
    expected = explain(two_columns, table.head(4)).frame()
    found = explain(two_columns, pl.from_pandas(table.head(4))).frame()
    pd.testing.assert_frame_equal(found, expected)
    model = TextLinearClassifier(random_state=0).fit([[t, "x"] for t in TITLES], KINDS)
    words = explain(model, [["red shoe", None]], method="occlusion").frame()
    assert words["column"].tolist() == [0, 0]


def test_columns_restrict_what_is_explained(two_columns, table):
    explanation = explain(two_columns, table, columns="note")
    assert set(explanation.frame()["column"]) == {"note"}
    assert set(explanation.columns_frame()["column"]) == {"note"}


def test_shares_of_columns_sum_to_the_change_of_the_probability(two_columns, table):
    explanation = explain(two_columns, table)
    total = explanation.columns_frame().groupby("row")["contribution"].sum()
    codes = np.searchsorted(two_columns.classes_, explanation.samples["label"])
    prior = two_columns[-1].class_prior_[codes]
    expected = explanation.samples["probability"] - prior
    assert total.to_numpy() == pytest.approx(expected.to_numpy())
    modalities = explanation.modalities_frame()
    assert set(modalities["modality"]) == {"text"}
    assert modalities["contribution"].to_numpy() == pytest.approx(total.to_numpy())


def test_shares_of_the_members_of_a_vote(table):
    members = [("title", linear_of("title")), ("note", linear_of("note"))]
    vote = WeightedVotingClassifier(members, weights=[3, 1]).fit(table, KINDS)
    explanation = explain(vote, table)
    frame = explanation.members_frame()
    assert set(frame["modality"]) == {"text"}
    shares = frame.pivot(index="row", columns="member", values="contribution")
    codes = np.searchsorted(vote.classes_, explanation.samples["label"])
    expected = explanation.samples["probability"] - vote.class_prior_[codes]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(expected.to_numpy())
    # A member for which a sample is missing has no share.
    assert shares.loc[1, "note"] == 0
    own = frame.pivot(index="row", columns="member", values="probability")
    assert np.isnan(own.loc[1, "note"])
    # In the first one, each member's share is half of what it adds first and last.
    v = own.loc[0].to_numpy() @ [0.25, 0.75]  # columns are sorted: note, title
    prior = vote.class_prior_[codes[0]]
    last = v - own.loc[0, "note"]
    assert shares.loc[0, "title"] == pytest.approx(
        (own.loc[0, "title"] - prior + last) / 2
    )


@pytest.mark.parametrize(
    "ensemble",
    [
        VotingClassifier(
            [("a", linear_of("title")), ("b", linear_of("note"))],
            voting="soft",
            weights=[2, 1],
        ),
        StackingClassifier([("a", linear_of("title")), ("b", linear_of("note"))], cv=2),
        MissingAwareStackingClassifier(
            [("a", linear_of("title")), ("b", linear_of("note"))], cv=2
        ),
        WeightedVotingClassifier(
            [("a", linear_of("title")), ("b", linear_of("note"))],
            combination="geometric",
            weights=[1, 1],
        ),
    ],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_members_of_other_ensembles(ensemble, table):
    explanation = explain(ensemble.fit(table, KINDS), table.head(4))
    assert explanation.method == "occlusion"
    assert explanation.frame().loc[0, "column"] == "title"
    members = explanation.members_frame()
    assert members["member"].tolist() == ["a", "b"] * 4
    shares = members.groupby("row")["contribution"].sum()
    without = 0.5  # without any member: the frequency of both categories
    if isinstance(ensemble, StackingClassifier):
        without = ensemble.final_estimator_.predict_proba([[0.5, 0.5]])[0]
        without = without[np.searchsorted(ensemble.classes_, KINDS[:4])]
    gained = explanation.samples["probability"] - without
    assert shares.to_numpy() == pytest.approx(gained.to_numpy())


def test_wrappers_around_a_linear_classifier_are_explained_exactly(linear):
    expected = explain(linear, TITLES[:4]).frame()["contribution"].to_numpy()
    paths = [f"all > {kind}" for kind in KINDS]
    tree = HierarchicalClassifier(TextLinearClassifier(random_state=0))
    found = explain(tree.fit(TITLES, paths), TITLES[:4])
    assert found.method == "exact"
    assert found.frame()["contribution"].to_numpy() == pytest.approx(expected)
    assert found.samples["label"][0] == "all > shoes"
    review = ReviewThresholdClassifier(TextLinearClassifier(random_state=0), cv=2)
    assert explain(review.fit(TITLES, KINDS), TITLES[:1]).method == "exact"
    calibrated = CalibratedClassifier(TextLinearClassifier(random_state=0), cv=2)
    assert explain(calibrated.fit(TITLES, KINDS), TITLES[:1]).method == "exact"


def test_any_pipeline_is_explained_by_occlusion(table):
    table = table.fillna("")
    transformer = ColumnTransformer(
        [("title", TfidfVectorizer(), "title"), ("note", OneHotEncoder(), ["note"])]
    )
    for model in (
        make_pipeline(transformer, LogisticRegression()),
        CalibratedClassifierCV(
            make_pipeline(ColumnSelector("title"), TfidfVectorizer(), LinearSVC()), cv=2
        ),
    ):
        explanation = explain(model.fit(table, KINDS), table.head(2))
        assert set(explanation.frame()["column"]) == {"title"}
        words = explanation.top_words(1)
        assert words["word"].tolist()[1] in ("leather", "boot")
        assert explanation.members_frame().empty


def number_of_letters(texts):
    return np.array([[len(text)] for text in texts])


def test_own_functions_of_texts_are_explained():
    model = make_pipeline(FunctionTransformer(number_of_letters), LogisticRegression())
    model.fit(["a", "bb", "a long text", "long texts"], [0, 0, 1, 1])
    words = explain(model, ["of some words"], y=1).frame()
    assert words["contribution"].is_monotonic_increasing
    assert words["contribution"].min() > 0


def test_heat_map_finds_the_part_that_matters():
    images = [dark_corner(), None, dark_corner()]
    model = CornerClassifier().fit(images, None)
    explanation = explain(model, images, grid_size=4)
    assert sorted(explanation.heat_maps) == [(0, 0), (2, 0)]
    heat = explanation.heat_maps[0, 0]
    assert heat.shape == (4, 4)
    assert np.unravel_index(heat.argmax(), heat.shape) == (0, 0)
    assert heat[:2, :2].min() > 0.1
    assert heat[3].max() == pytest.approx(0)
    assert explanation.columns_frame()["modality"].unique().tolist() == ["image"]
    assert explanation.frame().empty


def test_texts_and_images_of_a_table(table):
    frame = table.head(4).assign(image=[dark_corner(), None, dark_corner(), None])
    model = VotingClassifier(
        [
            ("text", linear_of("title")),
            ("image", make_pipeline(ColumnSelector("image"), CornerClassifier())),
        ],
        voting="soft",
    ).fit(frame, ["dark", "bright", "dark", "bright"])
    explanation = explain(model, frame, grid_size=2)
    assert sorted(explanation.heat_maps) == [(0, "image"), (2, "image")]
    assert set(explanation.frame()["column"]) == {"title"}
    modality = explanation.members_frame().set_index("member")["modality"]
    assert modality["text"].iloc[0] == "text"
    assert modality["image"].iloc[0] == "image"
    assert set(explanation.modalities_frame()["modality"]) == {"text", "image"}


def test_batches_do_not_change_contributions(linear):
    one, many = (
        explain(linear, TITLES[:6], method="occlusion", batch_size=size).frame()
        for size in (1, 2048)
    )
    pd.testing.assert_frame_equal(one, many)


def test_x_is_not_changed(two_columns, table):
    before = table.copy(deep=True)
    explain(two_columns, table, method="occlusion")
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_explained_raises(linear, table):
    with pytest.raises(TypeError, match=r"LinearSVC, which has no predict_proba"):
        explain(LinearSVC(), TITLES)
    with pytest.raises(TypeError, match="weighted_voting"):
        explain(CrossFit([("a", linear)]), TITLES)
    with pytest.raises(ValueError, match="which is none of the 2 classes"):
        explain(linear, TITLES, y="mugs")
    with pytest.raises(ValueError, match=r"2 labels, but `X` has 32 rows"):
        explain(linear, TITLES, y=["shoes", "garden"])
    with pytest.raises(ValueError, match="explains a text network of amzest"):
        explain(linear, TITLES, method="integrated_gradients")
    with pytest.raises(ValueError, match="which `X` does not have"):
        explain(linear, TITLES, columns="title")
    numbers = np.arange(8.0).reshape(4, 2)
    model = LogisticRegression().fit(numbers, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="no column of texts or images"):
        explain(model, numbers)


class SizedReader:
    """Has the attributes of image classifiers that decoding depends on."""

    image_size_ = 8
    max_pixels = 10_000

    def __init__(self, image_root):
        self.image_root = image_root


def test_images_are_decoded_as_their_classifier_reads_them(tmp_path):
    Image.new("RGB", (32, 16), "blue").save(tmp_path / "blue.png")
    (tmp_path / "broken.png").write_bytes(b"broken")
    array = dark_corner()
    cells = np.empty(5, dtype=object)
    cells[:] = ["blue.png", None, array, "lost.png", "broken.png"]
    readers = [Reader(SizedReader(tmp_path), (0,), "image")]
    pixels = read_pixels(cells, readers)
    assert pixels[0].shape == (8, 8, 3)
    assert pixels[0][4].tolist() == [[0, 0, 255]] * 8
    assert pixels[0][0].tolist() == [[255, 255, 255]] * 8
    assert pixels[2] is array
    assert pixels[1] is pixels[3] is pixels[4] is None


def test_kind_of_a_column_is_inferred_where_no_estimator_tells():
    X = pd.DataFrame({"a": ["x.jpg", None], "b": ["x", ""], "c": [1.0, 2.0]})
    readers = [Reader(None, (0, 1, 2), None)]
    assert kinds_of_columns(readers, Samples(X)) == {0: "image", 1: "text"}
