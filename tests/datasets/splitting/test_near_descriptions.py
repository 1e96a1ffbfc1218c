"""near_description_groups: near copies are grouped, boilerplate is ignored."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from amzest.datasets import group_products, split_products
from amzest.datasets._splitting import _near_descriptions, _word_store
from amzest.datasets._splitting._near_descriptions import near_description_groups

TEXT = "A terry towel in medium thickness that is soft and highly absorbent."
NOTICE = "10 year guarantee. Read about the terms in the guarantee brochure."


def grouped(texts, titles=None, **options):
    titles = np.arange(len(texts)) if titles is None else np.asarray(titles)
    return near_description_groups(texts, titles, **options).tolist()


def own_words(n, n_words=12):
    """Return n texts without common words."""
    return [" ".join(f"w{row}x{i}" for i in range(n_words)) for row in range(n)]


@pytest.mark.parametrize(
    "copy",
    [
        TEXT,
        TEXT.upper(),
        TEXT.replace(" ", "\n"),
        TEXT.replace("towel", "<b>towel</b>"),
        "Highly absorbent, soft; a terry towel that is in medium thickness",
        TEXT.replace("medium", "large"),
        TEXT + " Blue.",
        ["A terry towel in medium thickness", "that is soft and highly absorbent"],
        np.array(TEXT.split(), dtype=object),
        (TEXT, None),
    ],
)
def test_near_copies_are_grouped(copy):
    assert grouped([TEXT, "A lamp of steel that gives light", copy]) == [0, 1, 0]


@pytest.mark.parametrize(
    "other",
    [
        "A bath mat in medium thickness, quick to dry, that is soft",
        TEXT[:40],
        None,
        np.nan,
        pd.NA,
        "",
        "  ",
        "***",
        [],
        [None, ""],
    ],
)
def test_other_texts_are_not_grouped(other):
    assert grouped([TEXT, other, other if isinstance(other, list) else None]) == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize("short", ["New!", "Sold separately.", "Made in the EU"])
def test_short_texts_are_near_to_none(short):
    assert grouped([short, short, TEXT, TEXT]) == [0, 1, 2, 2]


def test_similarity_is_a_parameter():
    texts = [TEXT, TEXT.replace("medium", "large").replace("soft", "new")]
    assert grouped(texts) == [0, 1]
    assert grouped(texts, similarity=0.6) == [0, 0]
    assert grouped([TEXT, TEXT + " Blue."], similarity=1.0) == [0, 1]


def test_sentences_of_many_titles_are_boilerplate():
    texts = [f"{text}. {NOTICE}" for text in own_words(30)]
    assert len(set(grouped(texts))) == 30
    assert len(set(grouped([NOTICE] * 30))) == 30
    # Up to 20 titles it is not boilerplate.
    assert len(set(grouped([NOTICE] * 20))) == 1


def test_near_titles_count_once():
    titles = np.arange(60) % 3
    assert len(set(grouped([NOTICE] * 60, titles))) == 1


def test_boilerplate_is_a_fraction_of_a_large_table():
    texts = [*[TEXT] * 40, *own_words(3000)]
    assert len(set(grouped(texts)[:40])) == 1
    assert len(set(grouped(texts[:500])[:40])) == 40


def test_chains_of_templates_are_divided():
    # Each text differs from the next one in one word of twelve: a chain.
    words = [f"w{i}" for i in range(611)]
    chain = [" ".join(words[row : row + 12]) for row in range(600)]
    sizes = np.bincount(grouped([*chain, *own_words(600)]))
    assert sizes.max() <= 2
    short = np.bincount(grouped([*chain[:15], *own_words(600)]))
    assert short.max() == 15


@pytest.mark.parametrize("cell", [3, 2.5, {"a": "b"}, b"bytes", [TEXT, 3]])
def test_cells_of_a_wrong_type(cell):
    match = r"`about` is neither a string nor a list of strings in 1 row: row 1 \('"
    with pytest.raises(TypeError, match=match):
        grouped([TEXT, cell, None], name="about")


@pytest.mark.parametrize(
    "giant",
    [
        "word " * 200_000,
        "a" * 1_000_000,
        "a" + "\u0301\u0327" * 500_000,
        "<b" * 500_000,
        "." * 1_000_000,
        ". " * 500_000,
        "\ufdfa" * 1_000_000,
    ],
)
def test_time_and_memory_of_giant_cells(giant):
    grouped([TEXT, TEXT])
    tracemalloc.start()
    start = time.process_time()
    assert grouped([giant, TEXT, TEXT])[1:] == [1, 1]
    assert time.process_time() - start < 2
    assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("n_in_memory", [0, 40, 10**6])
def test_groups_do_not_depend_on_the_size_of_chunks(monkeypatch, n_in_memory):
    rng = np.random.default_rng(0)
    sentences = [
        " ".join(f"w{word}" for word in rng.integers(0, 300, 8)) for _ in range(80)
    ]
    texts = [
        ". ".join(sentences[n] for n in rng.integers(0, 80, rng.integers(0, 4)))
        + (f". Common sentence {row % 2}" if row % 3 else "")
        for row in range(150)
    ]
    expected = grouped(texts)
    assert 20 < len(set(expected)) < 145
    monkeypatch.setattr(_near_descriptions, "_CHUNK", 9)
    monkeypatch.setattr(_near_descriptions, "_CHUNK_ROWS", 4)
    monkeypatch.setattr(_word_store, "MAX_IN_MEMORY", n_in_memory)
    assert grouped(texts) == expected


def test_no_rows():
    assert grouped([]) == []


@pytest.fixture
def table():
    """Return products, a third of which have the description of another one."""
    texts = own_words(60)
    texts[40:] = texts[:20]
    return pd.DataFrame(
        {
            "title": [f"opaque{row}" for row in range(60)],
            "description": texts,
            "category": ["mug", "lamp"] * 30,
        }
    )


def test_copies_are_in_one_set(table):
    for seed in range(5):
        train, test = split_products(table, 0.3, seed)
        assert not set(train["description"]) & set(test["description"])
    apart = split_products(table, 0.3, 0, description_column=None)
    assert set(apart[0]["description"]) & set(apart[1]["description"])


def test_columns_and_similarities_are_arguments(table):
    renamed = table.rename(columns={"description": "about"})
    assert len(set(group_products(renamed))) == 60
    groups = group_products(renamed, description_column="about")
    np.testing.assert_array_equal(groups, group_products(table))
    assert len(set(groups)) == 40
    alone = table[["description"]]
    np.testing.assert_array_equal(group_products(alone), groups)
    with pytest.raises(ValueError, match=r"'text' \(description_column\)"):
        group_products(table, description_column="text")
    with pytest.raises(ValueError, match="'description_similarity' parameter"):
        group_products(table, description_similarity=0.2)


def test_warning_about_a_large_group():
    table = pd.DataFrame(
        {
            "title": [f"opaque{row}" for row in range(100)],
            "description": [*[TEXT] * 15, *own_words(85)],
        }
    )
    assert len(set(group_products(table))) == 86
    table.loc[15:20, "title"] = [f"opaque{row}" for row in range(6)]
    match = r"put 21 of 100 rows into one group\. Raise"
    with pytest.warns(UserWarning, match=match) as caught:
        group_products(table)
    assert caught[0].filename == __file__
