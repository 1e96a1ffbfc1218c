"""Whether explanations are faithful: what is predicted without the words they name."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from amzest.inspection._explanation import Explanation
from amzest.inspection._predictor import Predictor, Variant
from amzest.inspection._samples import Samples
from amzest.inspection._words import split_words
from amzest.utils import count, encode_known_labels, validate_params

_POSITIVE = Interval(Integral, 1, None, closed="left")

#: Places of a word in a sample: column, and number of the word in its cell.
_Places = list[tuple[Any, int]]


@validate_params(
    {
        "explanation": [Explanation],
        "n_words": [_POSITIVE],
        "n_repeats": [_POSITIVE],
        "random_state": ["random_state"],
    }
)
def deletion_test(
    model: Any,
    X: Any,
    explanation: Explanation,
    *,
    n_words: int = 3,
    n_repeats: int = 5,
    random_state: Any = None,
) -> pd.DataFrame:
    """Test whether the words of an explanation affect the prediction.

    The words with the largest contributions are deleted from each sample, and the
    probability of the explained category is predicted again; for comparison, as many
    random words are deleted. The better the explanation, the larger the difference: it
    is known as comprehensiveness [1]_.

    Parameters
    ----------
    model : classifier
        The model that was explained.

    X : array-like of shape (n_samples,) or (n_samples, n_columns)
        The samples that were explained.

    explanation : Explanation
        The result of :func:`explain` for them.

    n_words : int, default=3
        Number of distinct words that are deleted, wherever they occur in the sample.
        Samples that have no more words than that are left out.

    n_repeats : int, default=5
        Number of random selections of words of each sample.

    random_state : int, RandomState instance or None, default=None
        Selects the random words. Pass an int for reproducible results.

    Returns
    -------
    result : DataFrame
        A row per sample with the columns `row`, `label`, `probability`, and how much
        lower it is without the words with the largest contributions (`drop`) and
        without random words (`random_drop`, the mean of the repetitions).

    Raises
    ------
    ValueError
        If `X` has not the rows of the explanation, or a parameter is invalid.

    See Also
    --------
    explain : Explains predictions.

    References
    ----------
    .. [1] DeYoung et al. (2020), ERASER: A Benchmark to Evaluate Rationalized NLP
       Models, https://arxiv.org/abs/1911.03429.

    Examples
    --------
    >>> from amzest import TextLinearClassifier
    >>> from amzest.inspection import deletion_test, explain
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> clf = TextLinearClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> X = ["a new boot of leather", "a short hose for the garden"]
    >>> result = deletion_test(clf, X, explain(clf, X), n_words=2, random_state=0)
    >>> bool((result["drop"] > result["random_drop"]).all())
    True
    """
    samples = Samples(X)
    if len(samples) != len(explanation):
        raise ValueError(
            f"`X` has {count(len(samples), 'row')}, but `explanation` has "
            f"{count(len(explanation), 'sample')}. Pass the explained samples."
        )
    rng = check_random_state(random_state)
    labels = explanation.samples["label"].to_numpy()
    _, codes = encode_known_labels(labels, model.classes_, "explanation.samples.label")
    predictor = Predictor(model, samples, codes.astype(np.intp), 2048)
    named, random = [], []
    for row, words in explanation.words.groupby("row", sort=True):
        places, order = _ranked(words)
        if len(places) > n_words:
            named.append((int(row), [places[i] for i in order[:n_words]]))
            for _ in range(n_repeats):
                chosen = rng.choice(len(places), n_words, replace=False)
                random.append((int(row), [places[i] for i in chosen]))
    rows = np.array([row for row, _ in named], dtype=np.intp)
    left = predictor.predict(_variants(named, explanation, samples))
    random_left = predictor.predict(_variants(random, explanation, samples))
    full = explanation.samples["probability"].to_numpy()[rows]
    table = {"row": rows, "label": labels[rows], "probability": full}
    table |= {"drop": full - left}
    table |= {"random_drop": full - random_left.reshape(-1, n_repeats).mean(axis=1)}
    return pd.DataFrame(table)


def _ranked(words: pd.DataFrame) -> tuple[list[_Places], NDArray[np.intp]]:
    """Return the places of each distinct word, and the largest contributions first."""
    places: dict[str, _Places] = {}
    totals: dict[str, float] = {}
    numbers = words.groupby("column", sort=False).cumcount()
    columns = words["column"], numbers, words["word"], words["contribution"]
    for column, number, word, value in zip(*columns, strict=True):
        key = word.casefold()
        places.setdefault(key, []).append((column, int(number)))
        totals[key] = totals.get(key, 0.0) + value
    order = np.argsort(-np.array(list(totals.values())), kind="stable")
    return list(places.values()), order


def _variants(
    chosen: list[tuple[int, list[_Places]]], explanation: Explanation, samples: Samples
) -> Iterator[Variant]:
    """Yield samples without some of their words."""
    for row, words in chosen:
        left_out: dict[Any, set[int]] = {}
        for column, number in (place for places in words for place in places):
            left_out.setdefault(column, set()).add(number)
        yield Variant(
            row,
            {
                samples.position(column): split_words(
                    explanation.texts[row, column]
                ).without(numbers)
                for column, numbers in left_out.items()
            },
        )
