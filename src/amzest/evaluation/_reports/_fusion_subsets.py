"""Search for the members that an equal-weight average needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from amzest.evaluation._metrics._scoring import row_log_loss
from amzest.evaluation._reports._fusion_averages import average_members

Members = tuple[int, ...]

#: With more members, or more values to add up, not all subsets are tried.
_MAX_EXHAUSTIVE = 10
_MAX_VALUES = 5 * 10**8
#: Folds of the rows if the predictions have none.
_N_FOLDS = 5


class Subset(NamedTuple):
    """Positions of members, and the rows that their average classifies correctly."""

    members: Members
    right: NDArray[np.bool_]  # (n_samples,)


@dataclass(frozen=True)
class SubsetSearch:
    """Subsets of members, and the one that is recommended.

    `right` and `losses` (n_samples,) are those of an average whose members are chosen
    for each fold on the other folds.
    """

    subsets: list[Subset]
    chosen: Members
    right: NDArray[np.bool_]
    losses: NDArray[np.float64]


def search_subsets(
    probas: Sequence[NDArray[np.float64]],
    present: Sequence[NDArray[np.bool_]],
    codes: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    fold: NDArray[np.intp] | None,
    seed: int,
) -> SubsetSearch:
    """Search the subsets, and score the choice on rows that it has not used."""
    if fold is None:
        fold = _random_folds(len(codes), seed)
    subsets = score_subsets(probas, present, codes, weights)
    right = np.empty(len(codes), dtype=bool)
    losses = np.empty(len(codes))
    # The accuracy of the chosen subset on the rows that it was chosen on is too high:
    # it is the best of many.
    for number in np.unique(fold):
        inside = fold == number
        found = subsets[choose_subset(subsets, ~inside, weights)]
        right[inside] = found.right[inside]
        average = average_members(
            [probas[i][inside] for i in found.members],
            [present[i][inside] for i in found.members],
        )
        losses[inside] = row_log_loss(average, codes[inside])
    everything = np.ones(len(codes), dtype=bool)
    chosen = subsets[choose_subset(subsets, everything, weights)].members
    return SubsetSearch(subsets, chosen, right, losses)


def _random_folds(n_samples: int, seed: int) -> NDArray[np.intp]:
    fold = np.empty(n_samples, dtype=np.intp)
    splitter = KFold(min(_N_FOLDS, n_samples), shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(splitter.split(fold)):
        fold[test] = number
    return fold


def score_subsets(
    probas: Sequence[NDArray[np.float64]],
    present: Sequence[NDArray[np.bool_]],
    codes: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
) -> list[Subset]:
    """Score averages of subsets: of all of them, or those of a backward elimination.

    All subsets are tried for up to 10 members. Of more, or on very large data, these
    are: all members; those without one of them; the best of these without one; and so
    on, until one is left; and each member alone.
    """

    def scored(members: Members) -> Subset:
        average = average_members(
            [probas[i] for i in members], [present[i] for i in members]
        )
        return Subset(members, average.argmax(axis=1) == codes)

    n_members = len(probas)
    n_values = 2**n_members * probas[0].size
    if n_members <= _MAX_EXHAUSTIVE and n_values <= _MAX_VALUES:
        return [scored(members) for members in _all_subsets(n_members)]
    kept = tuple(range(n_members))
    found = [*(scored((i,)) for i in kept), scored(kept)]
    while len(kept) > 2:
        tried = [scored(tuple(i for i in kept if i != out)) for out in kept]
        found += tried
        best = np.argmax([np.average(s.right, weights=weights) for s in tried])
        kept = tried[best].members
    return found


def _all_subsets(n_members: int) -> Iterator[Members]:
    for size in range(1, n_members + 1):
        yield from combinations(range(n_members), size)


def choose_subset(
    subsets: Sequence[Subset],
    rows: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
) -> int:
    """Return the smallest subset within one standard error of the best one.

    Of several the most accurate is chosen, of equally accurate ones the first.
    """
    # The best of many subsets is so in part by chance. By the rule of one standard
    # error (Breiman et al., "Classification and Regression Trees", 1984) members are
    # kept only if they gain more than that.
    accuracy, errors = compare_subsets(subsets, rows, weights)
    close = np.flatnonzero(accuracy >= accuracy.max() - errors).tolist()
    return int(min(close, key=lambda i: (len(subsets[i].members), -accuracy[i])))


def compare_subsets(
    subsets: Sequence[Subset],
    rows: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return accuracies on some rows, and standard errors of differences to the best.

    The differences are paired.
    """
    shares = rows.astype(float) if weights is None else rows * weights
    shares = shares / max(shares.sum(), np.finfo(float).tiny)
    accuracy = np.array([subset.right @ shares for subset in subsets])
    best = subsets[int(accuracy.argmax())].right
    # The difference of a row is -1, 0 or 1; its square is 1 where one of two subsets is
    # correct. The variance is that of a weighted mean of independent rows.
    squares = np.array([(subset.right ^ best) @ shares**2 for subset in subsets])
    means = accuracy.max() - accuracy
    variances = squares - means**2 * (shares @ shares)
    return accuracy, np.sqrt(np.maximum(variances, 0))


def describe_subsets(
    names: Sequence[str],
    search: SubsetSearch,
    weights: NDArray[np.float64] | None,
    seconds: NDArray[np.float64],
) -> pd.DataFrame:
    """Return `FusionReport.subsets`; `seconds` (n_members,) are those to predict."""
    subsets = search.subsets
    everything = np.ones(len(subsets[0].right), dtype=bool)
    accuracy, errors = compare_subsets(subsets, everything, weights)
    sizes = np.array([len(subset.members) for subset in subsets])
    rows = {}
    for size in np.unique(sizes):
        of_size = np.flatnonzero(sizes == size)
        best = of_size[accuracy[of_size].argmax()]
        members = subsets[best].members
        rows[int(size)] = {
            "members": ", ".join(names[i] for i in members),
            "accuracy": accuracy[best],
            "difference": accuracy[best] - accuracy.max(),
            "standard_error": errors[best],
            "predict_seconds_per_1000": seconds[list(members)].sum(),
            "recommended": members == search.chosen,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("n_members")
