"""Labels of groups: numbered, and joined where groups have rows in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def number_labels(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Replace labels by 0, 1, ... in order of first occurrence."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _larger_groups(
    labels: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the rows of groups of several rows, and their labels from 0 on."""
    order = np.argsort(labels, kind="stable")
    is_first = np.diff(labels[order], prepend=labels[order[0]] - 1) != 0
    alone = is_first & np.append(is_first[1:], True)
    rows = order[~alone]
    return rows, np.cumsum(is_first[~alone]) - 1


def component_labels(
    left: NDArray[Any], right: NDArray[Any], n_nodes: int
) -> NDArray[np.int32]:
    """Label the connected components of the graph with edges (left, right)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = (np.ones(len(left), dtype=np.int32), (left, right))
    graph = coo_array(edges, shape=(n_nodes, n_nodes))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def join_groups(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join several groupings of the same rows, transitively.

    Rows with the same label in one of the parts get the same label. Labels are 0, 1,
    ... in order of first occurrence.
    """
    groups, *others = parts
    for other in others:
        if not len(groups):
            break
        # Bipartite graph: a node per group of either part, an edge per row. Its
        # components are the joined groups. Groups of one row join nothing.
        n_groups = int(groups.max()) + 1
        rows, other = _larger_groups(other)
        n_nodes = n_groups + int(other.max(initial=-1)) + 1
        components = component_labels(groups[rows], n_groups + other, n_nodes)
        groups = number_labels(components[groups])
    return groups
