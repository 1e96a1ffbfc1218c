import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
from few_titles import TITLES

from amzest.inspection import (
    ImageExplanationDisplay,
    TextExplanationDisplay,
    explain,
)
from amzest.inspection._explanation import Explanation


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def with_image(linear):
    found = explain(linear, TITLES[:2])
    pixels, heat = np.full((8, 8, 3), 200, np.uint8), np.diag([0.5, -0.1])
    return Explanation(
        found.samples,
        found.words[found.words["row"] == 0],
        found.columns,
        found.members,
        found.texts,
        {(1, "image"): pixels},
        {(1, "image"): heat},
        "exact",
    )


def test_html_is_escaped(linear):
    text = "<script>alert(1)</script> shoe & 'boot' \"x"
    page = explain(linear, [text])._repr_html_()
    assert "<script" not in page
    assert "&lt;" in page
    assert "&amp;" in page
    assert "background:rgba(0, 114, 178" in page


def test_html_shows_images_and_limits_samples(with_image, linear):
    assert 'src="data:image/png;base64,' in with_image._repr_html_()
    page = explain(linear, TITLES, shares=False)._repr_html_()
    assert "and 12 more samples" in page


def test_top_words(linear):
    top = explain(linear, ["a garden shoe", "spade"], y="shoes").top_words(1)
    assert top["word"].tolist() == ["shoe", "spade"]


def test_plot_chooses_the_display(with_image):
    assert isinstance(with_image.plot(0), TextExplanationDisplay)
    display = with_image.plot(1)
    assert isinstance(display, ImageExplanationDisplay)
    assert display.frame().to_numpy().tolist() == [[0.5, 0.0], [0.0, -0.1]]
    assert len(display.ax_.images) == 2
    with pytest.raises(ValueError, match="positions are from 0 to 1"):
        with_image.plot(2)
    with pytest.raises(ValueError, match="`row` 0 has no image"):
        ImageExplanationDisplay.from_explanation(with_image, row=0)


def test_bars_of_words(linear):
    display = TextExplanationDisplay.from_estimator(
        linear, ["nothing", "red $hose$ shoe"], y="shoes", row=1, n_words=2
    )
    widths = [bar.get_width() for bar in display.ax_.patches]
    kept = display.frame().set_index("word")["contribution"]
    assert kept.index.tolist() == ["red", "shoe", "hose"]
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert widths == pytest.approx([kept[name] for name in names])
    assert len(names) == 2
    assert display.ax_.get_title(loc="left").startswith("shoes (")
    _, ax = plt.subplots()
    assert display.plot(ax).figure_ is ax.figure
    with pytest.raises(ValueError, match="`row` is 2"):
        TextExplanationDisplay.from_estimator(linear, ["a", "b"], row=2)


def test_a_missing_sample_has_no_bars(linear):
    display = TextExplanationDisplay.from_estimator(linear, [None])
    assert display.frame().empty
    assert display.ax_.get_title(loc="left").endswith("no words")


def test_explanations_are_pickled(with_image):
    again = pickle.loads(pickle.dumps(with_image))
    assert again.frame().equals(with_image.frame())
    assert repr(again) == "<Explanation of 2 samples, method='exact'>"
