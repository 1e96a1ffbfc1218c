import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from amzest.compose import ColumnSelector
from amzest.evaluation._displays._drawing import RIGHT, WRONG
from amzest.evaluation._displays._product_grid_display import ProductGridDisplay

RED = np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)
TRUTH = ["lamps", "mugs", "mugs", "lamps"]
PROBA = [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]
TITLES = ["Desk lamp", "Buy for $5 or $10", "日本 mug", None]
IMAGES = [RED, None, b"broken", "lost.jpg"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts_of(display):
    return [text.get_text() for text in display.ax_.texts]


def test_frame_of_the_shown_samples():
    display = ProductGridDisplay.from_predictions(
        TRUTH, PROBA, titles=TITLES, images=IMAGES, select="sure errors"
    )
    frame = display.frame()
    assert frame["row"].tolist() == [3, 2]
    assert frame["true"].tolist() == ["lamps", "mugs"]
    assert frame["predicted"].tolist() == ["mugs", "lamps"]
    assert frame["correct"].tolist() == [False, False]
    assert frame["probability"].tolist() == [0.9, 0.6]
    assert frame["probability_true"].tolist() == [0.1, 0.4]
    assert frame["photo"].tolist() == [
        "image not found: lost.jpg",
        "image cannot be decoded: not an image file of a known format",
    ]


def test_texts_of_tiles():
    display = ProductGridDisplay.from_predictions(
        TRUTH, PROBA, titles=TITLES, images=IMAGES, rows=[0, 1, 2, 3]
    )
    texts = texts_of(display)
    assert texts[:3] == ["Desk lamp", "✓ lamps (80%)", "row 0"]
    assert texts[3:7] == ["no image", "Buy for $5 or $10", "✓ mugs (70%)", "row 1"]
    assert texts[7].replace("\n", " ").startswith("image cannot be decoded")
    assert texts[8:12] == ["□□ mug", "✗ lamps (60%)", "label: mugs (40%)", "row 2"]
    assert texts[13:] == ["no title", "✗ mugs (90%)", "label: lamps (10%)", "row 3"]
    assert len(display.ax_.images) == 1
    frames = display.ax_.get_lines()
    assert [to_hex(line.get_color()).upper() for line in frames] == [
        RIGHT, RIGHT, WRONG, WRONG,
    ]  # fmt: skip
    assert frames[0].get_linestyle() != frames[2].get_linestyle()
    display.figure_.canvas.draw()


def test_tiles_of_labels_without_titles_and_images():
    display = ProductGridDisplay.from_predictions(
        [1, 2], [2, 2], rows=np.array([1, 0]), n_columns=1
    )
    assert texts_of(display) == ["✓ 2", "row 1", "✗ 2", "label: 1", "row 0"]
    assert not display.ax_.images
    assert not {"title", "photo"} & set(display.frame().columns)


def test_texts_of_tiles_stay_apart():
    names = ["Clothing, Shoes & Jewelry > Men > Shoes > " + end for end in "ab"]
    display = ProductGridDisplay.from_predictions(
        names * 6,
        names[::-1] * 6,
        titles=["W" * 90, "A rather long title of a product " * 4] * 6,
        images=[None] * 12,
    )
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    figure = display.figure_.bbox
    assert all(figure.x0 <= box.x0 and box.x1 <= figure.x1 for box in boxes)
    assert all(figure.y0 <= box.y0 and box.y1 <= figure.y1 for box in boxes)
    # Lines below each other may touch, columns must not.
    lefts = sorted({round(text.get_position()[0], 3) for text in display.ax_.texts})
    for text, box in zip(display.ax_.texts, boxes, strict=True):
        if text.get_ha() == "left":
            left = text.get_position()[0]
            start = display.ax_.transData.transform((left, 0))[0]
            tile = display.ax_.transData.transform((left + 2.0, 0))[0]
            assert start - 1 <= box.x0
            assert box.x1 <= tile + 1
    assert len(lefts) == 8


def test_grid_is_scaled_to_existing_axes():
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3))
    display = ProductGridDisplay.from_predictions(
        TRUTH, PROBA, titles=TITLES, images=IMAGES, rows=range(4), ax=left
    )
    assert display.ax_ is left
    assert display.figure_ is figure
    figure.canvas.draw()
    assert max(text.get_window_extent().x1 for text in left.texts) < right.bbox.x0


def test_grid_without_products():
    display = ProductGridDisplay.from_predictions(TRUTH, TRUTH, titles=TITLES)
    assert texts_of(display) == ["no product to show"]
    assert display.frame().empty
    display.figure_.canvas.draw()


def test_grid_of_relative_paths(tmp_path):
    plt.imsave(tmp_path / "red.png", RED)
    display = ProductGridDisplay.from_predictions(
        ["a"], ["b"], images=["red.png"], image_root=tmp_path
    )
    assert display.frame()["photo"].tolist() == ["shown"]
    assert len(display.ax_.images) == 1


def test_grid_from_estimators_with_titles_and_images():
    X = pd.DataFrame({"title": ["blue mug", "red mug", "lamp"], "image": [RED] * 3})
    y = np.array(["mugs", "mugs", "lamps"])
    words = make_pipeline(ColumnSelector("title"), CountVectorizer())
    clf = make_pipeline(words, MultinomialNB()).fit(X, y)
    display = ProductGridDisplay.from_estimator(clf, X, y[::-1])
    assert display.frame()["row"].tolist() == [0, 2]
    assert display.frame()["title"].tolist() == ["blue mug", "lamp"]
    assert display.frame()["photo"].tolist() == ["shown", "shown"]
    assert (display.frame()["probability"] > 0.5).all()

    svm = make_pipeline(words, LinearSVC()).fit(X, y)
    display = ProductGridDisplay.from_estimator(svm, X, y, select="random")
    assert display.frame()["probability"].isna().all()
    with pytest.raises(ValueError, match="needs probabilities"):
        ProductGridDisplay.from_estimator(svm, X, y, select="unsure")


def test_grid_validates_arguments():
    with pytest.raises(ValueError, match="The 'select' parameter"):
        ProductGridDisplay.from_predictions(TRUTH, PROBA, select="wrong")
    with pytest.raises(ValueError, match="`images` has 1 row"):
        ProductGridDisplay.from_predictions(TRUTH, PROBA, images=[RED])
    with pytest.raises(ValueError, match="`titles` has 1 row"):
        ProductGridDisplay.from_predictions(TRUTH, PROBA, titles=["a"])
    with pytest.raises(ValueError, match="The 'n_columns' parameter"):
        ProductGridDisplay.from_predictions(TRUTH, PROBA, n_columns=0)
