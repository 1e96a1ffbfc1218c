"""The texts by which a category is described to a pretrained encoder."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.utils import is_missing, label_values, shown, shown_list

#: Between words: "BabyCare" and "baby_care", but not the "iP" of "iPhone".
_JOINED_WORDS = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|_+")
#: Between the parts of a name, such as "clothing, shoes & jewelry".
_BETWEEN_PARTS = re.compile(r"\s*(?:[,&/;|+>]|\band\b)\s*", re.I)

#: Texts that are averaged; then the averages are.
Texts = tuple[tuple[str, ...], ...]


def name_texts(name: str) -> Texts:
    """Return a name as words, and its parts if it has several.

    The parts of "clothing, shoes & jewelry" are nearer to products than their
    combination, which no product has.
    """
    words = " ".join(_JOINED_WORDS.sub(" ", name).split())
    parts = tuple(part for part in _BETWEEN_PARTS.split(words) if part.strip())
    return ((words,), parts) if len(parts) > 1 else ((words,),)


def fill_template(template: str, texts: Sequence[Texts]) -> list[Texts]:
    """Put the texts of each category into a template."""
    if "{}" not in template:
        raise ValueError(
            f"`template` is {shown(template)}; expected a text with {{}} in the place "
            'of the category, such as "a product of the category {}."'
        )
    return [
        tuple(tuple(template.replace("{}", text) for text in part) for part in of_one)
        for of_one in texts
    ]


def read_categories(categories: Any) -> tuple[NDArray[Any], list[Texts]]:
    """Return the sorted labels, and the texts that describe each.

    `categories` is a list of labels, or a dict of their descriptions.
    """
    given = list(categories)
    labels = label_values(given, "categories")
    _check_labels(labels)
    order = np.argsort(labels, kind="stable")
    if isinstance(categories, Mapping):
        texts = [_described(label, categories[label]) for label in given]
    else:
        texts = [_named(label) for label in labels.tolist()]
    return labels[order], [texts[place] for place in order]


def _check_labels(labels: NDArray[Any]) -> None:
    blank = [label for label in labels.tolist() if is_missing(label)]
    if blank:
        raise ValueError(f"`categories` has an empty name ({shown(blank[0])}).")
    found, counts = np.unique(labels, return_counts=True)
    if counts.max(initial=0) > 1:
        twice = shown_list(found[counts > 1].tolist(), 5)
        raise ValueError(f"`categories` has {twice} more than once.")
    if len(found) < 2:
        raise ValueError(
            f"`categories` has {len(found)} label(s); a classifier needs at least two."
        )


def _named(label: Hashable) -> Texts:
    if isinstance(label, str):
        return name_texts(label)
    raise ValueError(
        f"`categories`: the label {shown(label)} is not a name. Pass a dict from labels"
        f' to texts that describe them, such as {{{label!r}: "running shoes"}}.'
        f"{advise_on_integers(label)}"
    )


def advise_on_integers(label: Any) -> str:
    """Return what to do if scikit-learn has replaced the labels by integers."""
    if not isinstance(label, int):
        return ""
    return (
        " If your labels are names: VotingClassifier, StackingClassifier and "
        "cross_val_predict replace them by integers, in sorted order. Use the ensembles"
        " of amzest, or a dict with these integers."
    )


def _described(label: Hashable, description: Any) -> Texts:
    """Return the texts of a description: a text, several, or None for the label."""
    if description is None:
        return _named(label)
    texts = [description] if isinstance(description, str) else description
    valid = isinstance(texts, Sequence | np.ndarray) and len(texts) > 0
    if not valid or not all(isinstance(t, str) and t.strip() for t in texts):
        raise ValueError(
            f"`categories` describes {shown(label)} by {shown(description)}; expected "
            "a text, a list of texts, or None to use the label itself."
        )
    return (tuple(text.strip() for text in texts),)


def categories_of_labels(labels: NDArray[Any] | None) -> list[Any]:
    """Return the categories of a classifier that is given none."""
    if labels is None or len(labels) == 0:
        raise ValueError(
            "`categories` is None and no sample is labelled. Pass the names of the "
            'categories, such as categories=["shoes", "garden"].'
        )
    found: list[Any] = np.unique(labels).tolist()
    if len(found) == 1:
        raise ValueError(
            f"`y` holds only one class ({shown(found[0])}); a classifier needs at "
            "least two. Pass the names of all as `categories`."
        )
    return found


def encode_category_labels(
    labels: NDArray[Any], categories: NDArray[Any]
) -> NDArray[np.int64]:
    """Return the index of each label in the categories."""
    known = categories.tolist()
    index = {label: i for i, label in enumerate(known)}
    given = labels.tolist()
    unknown = sorted({label for label in given if label not in index})
    if unknown:
        raise ValueError(
            f"`y` has labels that `categories` does not have: {shown_list(unknown, 5)}."
            " Add them, or drop these rows. The categories are "
            f"{shown_list(known, 10)}."
            f"{advise_on_integers(unknown[0])}"
        )
    return np.array([index[label] for label in given], dtype=np.int64)
