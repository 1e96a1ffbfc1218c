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
        # components are the joined groups.
        n_groups = int(groups.max()) + 1
        n_nodes = n_groups + int(other.max()) + 1
        components = component_labels(groups, n_groups + other, n_nodes)
        groups = number_labels(components[groups])
    return groups
