import matplotlib.pyplot as plt
import numpy as np
import pytest

from amzest.evaluation._displays._drawing import (
    _text_width,
    legend_above,
    model_style,
    new_axes,
    plain_text,
    short_name,
    text_style,
    wrapped_name,
    wrapped_text,
)

PATH = "Clothing, Shoes & Jewelry > Men > Shoes > Athletic > Running"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def rendered_width(text, size):
    """Return the width of a text in points, as matplotlib renders it."""
    figure, ax = plt.subplots(dpi=100)
    artist = ax.text(0, 0, text, **text_style(size))
    return artist.get_window_extent(figure.canvas.get_renderer()).width * 0.72


def test_plain_text_replaces_characters_without_a_glyph():
    assert plain_text("日本 mug") == "□□ mug"
    assert plain_text("a\u200db\u00ad\u2066\n  c\t$d$") == "ab c $d$"


def test_dollars_and_foreign_letters_give_no_warning():
    figure, ax = plt.subplots()
    ax.text(0, 0, plain_text("$\\frac{1}$ 日本 🎉"), **text_style())
    figure.canvas.draw()


def test_short_name_keeps_both_ends():
    short = short_name(PATH, 28)
    assert len(short) <= 28
    assert short.startswith("Clothing")
    assert short.endswith("Running")
    assert "…" in short
    assert short_name("Mugs") == "Mugs"


def test_wrapped_name_keeps_both_ends_on_two_lines():
    lines = wrapped_name(PATH).split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("Clothing")
    assert lines[1].endswith("Running")
    assert all(len(line) <= 28 for line in lines)
    assert wrapped_name("x" * 200).count("\n") == 1
    assert wrapped_name("Mugs") == "Mugs"


@pytest.mark.parametrize("text", ["one two three four", "W" * 60, "x" * 60])
def test_wrapped_text_fits_the_width(text):
    lines = wrapped_text(text, 60, 9, 20)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) > 1
    assert all(rendered_width(line, 9) <= 61 for line in lines)


def test_wrapped_text_marks_what_is_cut_off():
    lines = wrapped_text("word " * 50, 100, 9, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(rendered_width(line, 9) <= 101 for line in lines)
    assert wrapped_text("", 100, 9, 2) == [""]


def test_bold_text_is_wider():
    bold = _text_width("Blue mug", 9, {"weight": "bold"})
    assert bold > _text_width("Blue mug", 9, {}) > 0


def test_axes_of_the_user_and_new_ones_of_a_size():
    _, ax = plt.subplots()
    assert new_axes(ax, 3, 2, "SomeDisplay") is ax
    new = new_axes(None, 3, 2, "SomeDisplay")
    np.testing.assert_allclose(new.figure.get_size_inches(), [3, 2])


def test_styles_of_many_models_differ():
    styles = [tuple(model_style(place).values()) for place in range(21)]
    assert len(set(styles)) == 21


def test_legend_above_shows_names_with_underscores():
    _, ax = plt.subplots()
    handles = ax.plot([0, 1]) + ax.plot([1, 0])
    legend = legend_above(ax, handles, ["_net $x$", "other"])
    assert [text.get_text() for text in legend.get_texts()] == ["_net $x$", "other"]
