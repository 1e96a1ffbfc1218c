"""CategoryTree: sums over children, unusual paths, and backing off."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from amzest.meta._category_tree import CategoryTree, parse_path

CLASSES = [
    "Clothing > Women > Dresses",
    "Clothing > Women > Shoes",
    "Clothing > Men > Shoes",
    "Clothing",
    "Books",
]
PROBA = np.array(
    [
        [0.4, 0.2, 0.1, 0.2, 0.1],
        [0.9, 0.0, 0.0, 0.0, 0.1],
        [0.1, 0.1, 0.1, 0.1, 0.6],
        [0.05, 0.05, 0.0, 0.85, 0.05],
    ]
)


@pytest.mark.parametrize(
    ("label", "separator", "path"),
    [
        ("Clothing > Women", " > ", ("Clothing", "Women")),
        ("Clothing>Women", " > ", ("Clothing", "Women")),
        ("  Clothing  >\tWomen ", " > ", ("Clothing", "Women")),
        ("Home  and   garden > Pots", ">", ("Home and garden", "Pots")),
        ("T-shirts - Women", " - ", ("T-shirts", "Women")),
        ("T-shirts -Women", " - ", ("T-shirts", "Women")),
        ("Tops/T-shirts", "/", ("Tops", "T-shirts")),
        ("a::b :: c", "::", ("a", "b", "c")),
        ("a|b", "|", ("a", "b")),
        ("a\tb", "\t", ("a", "b")),
        ("Clothing", " > ", ("Clothing",)),
        (" ", " > ", ()),
    ],
)
def test_parse_path_ignores_whitespace(label, separator, path):
    assert parse_path(label, separator) == path


@pytest.mark.parametrize("label", ["A >  > B", "> A", "A >", ">"])
def test_parse_path_raises_for_levels_without_a_name(label):
    with pytest.raises(ValueError, match="a level without a name"):
        parse_path(label)


@pytest.mark.parametrize("label", [3, None, np.nan, b"A > B"])
def test_parse_path_raises_for_other_types(label):
    with pytest.raises(TypeError, match="must be paths such as 'Clothing > Women'"):
        parse_path(label)


def test_parse_path_raises_for_an_empty_separator():
    with pytest.raises(ValueError, match="`separator` is empty"):
        parse_path("A > B", "")


def test_tree_has_all_ancestors_once():
    tree = CategoryTree.from_paths(CLASSES)

    assert [tree.name(node) for node in tree.nodes] == [
        "",
        "Books",
        "Clothing",
        "Clothing > Men",
        "Clothing > Men > Shoes",
        "Clothing > Women",
        "Clothing > Women > Dresses",
        "Clothing > Women > Shoes",
    ]
    assert tree.depth == 3


def test_parents_are_sums_of_children_and_their_own():
    tree = CategoryTree.from_paths(CLASSES)
    by_node = dict(
        zip(map(tree.name, tree.nodes), tree.node_proba(PROBA)[0], strict=True)
    )

    assert by_node == pytest.approx(
        {
            "": 1.0,
            "Books": 0.1,
            "Clothing": 0.9,
            "Clothing > Men": 0.1,
            "Clothing > Men > Shoes": 0.1,
            "Clothing > Women": 0.6,
            "Clothing > Women > Dresses": 0.4,
            "Clothing > Women > Shoes": 0.2,
        }
    )


def test_levels_add_up_and_short_paths_are_unchanged():
    tree = CategoryTree.from_paths(CLASSES)

    assert tree.classes_at(1).tolist() == ["Books", "Clothing"]
    assert tree.classes_at(2).tolist() == [
        "Books",
        "Clothing",
        "Clothing > Men",
        "Clothing > Women",
    ]
    assert_allclose(tree.roll_up(PROBA[:1], 1), [[0.1, 0.9]])
    assert_allclose(tree.roll_up(PROBA[:1], 2), [[0.1, 0.2, 0.1, 0.6]])
    for level in (1, 2, 3):
        assert_allclose(tree.roll_up(PROBA, level).sum(axis=1), 1.0)
    assert sorted(tree.classes_at(3)) == sorted(CLASSES)


def test_equal_names_under_other_parents_are_other_nodes():
    tree = CategoryTree.from_paths(["Women > Shoes", "Men > Shoes"])

    assert tree.classes_at(2).tolist() == ["Men > Shoes", "Women > Shoes"]
    assert_allclose(tree.roll_up([[0.7, 0.3]], 2), [[0.3, 0.7]])


def test_classes_of_the_same_node_are_added_up():
    tree = CategoryTree.from_paths(["A > B", "A>B", "A > C"])

    assert tree.classes_at(2).tolist() == ["A > B", "A > C"]
    assert_allclose(tree.roll_up([[0.5, 0.3, 0.2]], 2), [[0.8, 0.2]])
    assert tree.back_off([[0.5, 0.3, 0.2]], 0.8).tolist() == ["A > B"]


@pytest.mark.parametrize(
    ("min_probability", "expected"),
    [
        (0.96, ["", "", "", ""]),
        (
            0.9,
            ["Clothing", "Clothing > Women > Dresses", "", "Clothing"],
        ),
        (
            0.6,
            ["Clothing > Women", "Clothing > Women > Dresses", "Books", "Clothing"],
        ),
        (
            0.0,
            [
                "Clothing > Women > Dresses",
                "Clothing > Women > Dresses",
                "Books",
                "Clothing",
            ],
        ),
    ],
)
def test_back_off_to_the_deepest_probable_node(min_probability, expected):
    tree = CategoryTree.from_paths(CLASSES)

    assert tree.back_off(PROBA, min_probability).tolist() == expected


def test_back_off_follows_the_parent_and_not_the_largest_class():
    tree = CategoryTree.from_paths(["A > 1", "A > 2", "A > 3", "B"])

    assert tree.back_off([[0.22, 0.22, 0.26, 0.3]], 0.5).tolist() == ["A"]
    assert tree.back_off([[0.22, 0.22, 0.26, 0.3]], 0.0).tolist() == ["A > 3"]


def test_back_off_never_falls_below_its_limit_and_is_nested():
    rng = np.random.default_rng(0)
    tree = CategoryTree.from_paths(CLASSES)
    proba = rng.dirichlet(np.full(5, 0.3), size=200)
    place = {tree.name(node): i for i, node in enumerate(tree.nodes)}
    deeper = tree.back_off(proba, 0.5)
    for limit in (0.6, 0.8, 0.99):
        found = tree.back_off(proba, limit)
        chosen = tree.node_proba(proba)[range(200), [place[a] for a in found]]
        assert (chosen >= limit - 1e-9).all()
        assert all(d.startswith(a) for d, a in zip(deeper, found, strict=True))


@pytest.mark.parametrize("level", [0, 4])
def test_levels_that_do_not_exist_raise(level):
    with pytest.raises(ValueError, match=r"'level' .* an int in the range \[1, 3\]"):
        CategoryTree.from_paths(CLASSES).classes_at(level)


def test_tree_validates_paths_and_probabilities():
    with pytest.raises(ValueError, match="Drop samples without a category"):
        CategoryTree.from_paths(["A", ""])
    with pytest.raises(ValueError, match=r"shape \(2,\), expected .* \(n_samples, 5\)"):
        CategoryTree.from_paths(CLASSES).roll_up([0.5, 0.5], 1)


def test_tree_can_be_pickled():
    tree = CategoryTree.from_paths(CLASSES)
    tree.back_off(PROBA, 0.5)
    again = pickle.loads(pickle.dumps(tree))

    assert_array_equal(again.back_off(PROBA, 0.6), tree.back_off(PROBA, 0.6))
