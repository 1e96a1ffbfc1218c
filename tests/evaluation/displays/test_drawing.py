import matplotlib.pyplot as plt
import numpy as np
import pytest

from amzest.evaluation._displays._drawing import (
    Lettering,
    axes_for,
    legend_above,
    look,
    room_in,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def letters():
    return Lettering("SomeDisplay")


def drawn_width(text, size):
    """Measure what matplotlib draws, in points."""
    figure, ax = plt.subplots(dpi=100)
    artist = ax.text(0, 0, text, fontsize=size, parse_math=False)
    return artist.get_window_extent(figure.canvas.get_renderer()).width * 0.72


@pytest.mark.parametrize(
    "text", ["Blue mug", "WWWWW", "Tenda 3G622R+ router", "Crème brûlée $5"]
)
def test_width_of_text_is_what_is_drawn(letters, text):
    assert letters.width(text, 9) == pytest.approx(drawn_width(text, 9), rel=0.08)


def test_plain_replaces_what_no_font_has(letters):
    assert letters.plain("日本 mug") == "□□ mug"
    assert letters.plain("a\u200db\u00ad\u2066\n  c\t$d$") == "ab c $d$"


def test_dollars_and_foreign_letters_are_drawn_without_warning(letters):
    figure, ax = plt.subplots()
    text = letters.plain("$\\frac{1}$ 日本 🎉")
    ax.text(0, 0, text, **letters.style(9))
    figure.canvas.draw()


def test_wrap_keeps_every_word_that_has_room(letters):
    lines = letters.wrap("one two three four", 60, 9, 9)
    assert " ".join(lines) == "one two three four"
    assert len(lines) > 1
    assert all(letters.width(line, 9) <= 60 for line in lines)


def test_wrap_marks_what_is_cut(letters):
    lines = letters.wrap("word " * 50, 100, 9, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(letters.width(line, 9) <= 100 for line in lines)


def test_wrap_breaks_words_without_spaces(letters):
    lines = letters.wrap("x" * 60, 100, 9, 20)
    assert "".join(lines) == "x" * 60
    assert all(letters.width(line, 9) <= 100 for line in lines)


def test_wrap_of_nothing_is_one_empty_line(letters):
    assert letters.wrap("", 100, 9, 2) == [""]


def test_name_keeps_both_ends(letters):
    path = "Clothing, Shoes & Jewelry > Men > Shoes > Athletic > Running"
    fitted = letters.name(path, 120, 9, 1)
    assert fitted.startswith("Clothing")
    assert fitted.endswith("Running")
    assert "…" in fitted
    assert letters.name("Mugs", 120, 9, 1) == "Mugs"


def test_axes_given_are_used_and_new_ones_have_the_size():
    _, given = plt.subplots()
    assert axes_for(given, 3, 2, "SomeDisplay") is given
    made = axes_for(None, 3, 2, "SomeDisplay")
    np.testing.assert_allclose(made.figure.get_size_inches(), [3, 2])


def test_looks_of_many_models_differ():
    looks = [tuple(look(place).values()) for place in range(21)]
    assert len(set(looks)) == 21


def test_legend_above_shows_underscores_and_shortens_names(letters):
    _, ax = plt.subplots()
    handles = ax.plot([0, 1]) + ax.plot([1, 0])
    labels = [("_net", " (0.5)"), ("long " * 60, " (0.7)")]
    legend = legend_above(ax, letters, handles, labels)
    first, second = (text.get_text() for text in legend.get_texts())
    assert first == "_net (0.5)"
    assert "…" in second
    assert second.endswith("(0.7)")
    assert letters.width(second, 8) < room_in(ax)
