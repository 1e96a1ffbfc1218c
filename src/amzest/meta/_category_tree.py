"""The tree of categories that are written as paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from amzest.utils import check_params, check_probabilities, shown

Path = tuple[str, ...]

#: Separators that names of categories contain as well: "T-shirts", "Home/Garden".
_IN_NAMES = frozenset("-/.,&+")

#: Separates the levels of paths in saved trees. It counts as whitespace, which
#: `parse_path` replaces, so that no name contains it.
_STORED_SEPARATOR = "\x1f"


def parse_path(label: Any, separator: str = " > ") -> Path:
    """Split the path of a category into the names of its levels; ``""`` is the root."""
    if not isinstance(label, str):
        raise TypeError(
            f"Categories must be paths such as 'Clothing{separator}Women', got "
            f"{shown(label)}. Convert them with y.astype(str)."
        )
    if not label.strip():
        return ()
    parts = re.split(_separator_pattern(separator), label)
    names = tuple(" ".join(part.split()) for part in parts)
    if not all(names):
        raise ValueError(
            f"The category {shown(label)} has a level without a name. Correct the path,"
            f" or pass another `separator` than {shown(separator)}."
        )
    return names


def _separator_pattern(separator: str) -> str:
    if not separator:
        raise ValueError(
            "`separator` is empty. Pass the characters that separate the levels."
        )
    sign = re.escape(separator.strip())
    if not sign:  # whitespace only
        return re.escape(separator)
    if separator.strip() in _IN_NAMES and separator != separator.strip():
        return rf"\s+{sign}\s*|\s*{sign}\s+"
    return rf"\s*{sign}\s*"


class CategoryTree:
    """The tree of the paths of categories.

    Parameters
    ----------
    classes : sequence of str
        Paths, in the order of the columns of probabilities. Two paths of the same
        node, such as ``"A > B"`` and ``"A>B"``, are added up.

    separator : str, default=" > "
        Separates the levels of a path. Whitespace around it is ignored, except that
        one of the characters ``-/.,&+``, which names contain as well, needs whitespace
        on either side if `separator` has some.

    Attributes
    ----------
    paths : list of tuple of str
        The path of each class.

    nodes : list of tuple of str
        All nodes, the classes and their ancestors, sorted; the root ``()`` first.

    depth : int
        Number of levels of the longest path.

    See Also
    --------
    HierarchicalClassifier : Predicts paths as far down as they are probable enough.

    Notes
    -----
    A class may be an inner node: samples of "Clothing" itself besides others of
    "Clothing > Women". The probability of a node is that of its own class, if it is
    one, plus those of all classes below it. At a level deeper than its own a class is
    unchanged, so that the probabilities of each level add up to 1: at level 2,
    "Clothing" means the samples of "Clothing" itself. A node is defined by its whole
    path; "Women > Shoes" and "Men > Shoes" are different nodes.

    Examples
    --------
    >>> from amzest.meta import CategoryTree
    >>> tree = CategoryTree.from_paths(["Toys", "Books > Poetry", "Books > Travel"])
    >>> tree.classes_at(1)
    array(['Books', 'Toys'], dtype=object)
    >>> tree.roll_up([[0.2, 0.5, 0.3]], level=1)
    array([[0.8, 0.2]])
    >>> tree.back_off([[0.2, 0.5, 0.3]], min_probability=0.7)
    array(['Books'], dtype=object)
    """

    def __init__(self, classes: Iterable[str], separator: str = " > ") -> None:
        self._set_paths([parse_path(label, separator) for label in classes], separator)

    def _set_paths(self, paths: list[Path], separator: str) -> None:
        self.separator, self.paths = separator, paths
        if not self.paths or () in self.paths:
            raise ValueError(
                "`classes` must be at least one path, and none of them empty. Drop "
                "samples without a category."
            )
        nodes = {path[:level] for path in self.paths for level in range(len(path) + 1)}
        self.nodes = sorted(nodes)
        self.depth = max(map(len, self.paths))

    def __getstate__(self) -> dict[str, Any]:
        """Return separator and paths; everything else is computed from them."""
        paths = [_STORED_SEPARATOR.join(path) for path in self.paths]
        return {"separator": self.separator, "paths": paths}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Paths are tuples in pickles of older versions.
        paths = [
            tuple(path.split(_STORED_SEPARATOR)) if isinstance(path, str) else path
            for path in state["paths"]
        ]
        self._set_paths(paths, state["separator"])

    @classmethod
    def from_paths(cls, classes: Iterable[str], separator: str = " > ") -> Self:
        """Build the tree of paths.

        Parameters
        ----------
        classes : sequence of str
            Paths, in the order of the columns of probabilities.

        separator : str, default=" > "
            Separates the levels of a path.

        Returns
        -------
        CategoryTree
            The tree.
        """
        return cls(classes, separator)

    def name(self, path: Path) -> str:
        """Write a path with the separator.

        Parameters
        ----------
        path : tuple of str
            The names of its levels.

        Returns
        -------
        str
            The path; ``""`` for the root.
        """
        return self.separator.join(path)

    def classes_at(self, level: int) -> NDArray[np.object_]:
        """Return the categories of a level.

        Parameters
        ----------
        level : int
            1 for the top categories. Classes with shorter paths are unchanged.

        Returns
        -------
        ndarray of shape (n_classes_at_level,), dtype object
            Paths, sorted level by level.
        """
        return self._as_names(self._cut(level)[0])

    def roll_up(self, proba: Any, level: int) -> NDArray[np.float64]:
        """Add up the probabilities of the classes under each category of a level.

        Parameters
        ----------
        proba : array-like of shape (n_samples, n_classes)
            Probabilities of the classes, out-of-fold or of new samples.

        level : int
            1 for the top categories.

        Returns
        -------
        ndarray of shape (n_samples, n_classes_at_level)
            In the order of :meth:`classes_at`. The sum of each row is unchanged.
        """
        proba = self._check_proba(proba)
        cut, columns = self._cut(level)
        # One-hot rows of the node of each class: the product adds up their columns.
        rolled: NDArray[np.float64] = proba @ np.eye(len(cut))[columns]
        return rolled

    def _cut(self, level: int) -> tuple[list[Path], NDArray[np.intp]]:
        """Return the nodes of a level, and which of them each class belongs to."""
        levels = Interval(Integral, 1, self.depth, closed="both")
        check_params({"level": [levels]}, {"level": level}, type(self).__name__)
        cut = [path[:level] for path in self.paths]
        unique = sorted(set(cut))
        place = {path: i for i, path in enumerate(unique)}
        return unique, np.array([place[path] for path in cut], dtype=np.intp)

    def node_proba(self, proba: Any) -> NDArray[np.float64]:
        """Return the probability of every node.

        Parameters
        ----------
        proba : array-like of shape (n_samples, n_classes)
            Probabilities of the classes.

        Returns
        -------
        ndarray of shape (n_samples, n_nodes)
            In the order of `nodes`; the first column is the root's.
        """
        return self._check_proba(proba) @ self._membership

    def back_off(self, proba: Any, min_probability: float) -> NDArray[np.object_]:
        """Return the deepest category of each row that is probable enough.

        From the root downwards the most probable child is chosen as long as its
        probability is at least `min_probability`. At a node that is itself a class the
        descent also ends where its own class is more probable than each child.

        Parameters
        ----------
        proba : array-like of shape (n_samples, n_classes)
            Probabilities of the classes.

        min_probability : float
            From 0, which always descends to a class, to 1. Above 0.5 no other node of
            the same depth or deeper can be as probable.

        Returns
        -------
        ndarray of shape (n_samples,), dtype object
            Paths; ``""`` where no top category is probable enough.
        """
        by_node = self.node_proba(proba)  # (n_samples, n_nodes)
        # Probability of the class that a node is itself, 0 for other nodes.
        by_class = self._check_proba(proba) @ self._is_class
        at = np.zeros(len(by_node), dtype=np.intp)  # node 0 is the root
        # Descend level by level; all rows at the same node descend together.
        for _ in range(self.depth):
            moved = at.copy()
            for node in np.unique(at):
                children = self._children[node]
                if not len(children):
                    continue
                rows = np.flatnonzero(at == node)
                among = by_node[np.ix_(rows, children)]
                best = among.max(axis=1)
                # A sum of many small terms may miss the limit by rounding errors.
                goes = best >= min_probability - 1e-12
                goes &= best >= by_class[rows, node]
                moved[rows[goes]] = children[among.argmax(axis=1)[goes]]
            at = moved
        return self._as_names(self.nodes)[at]

    @cached_property
    def _place(self) -> dict[Path, int]:
        return {path: i for i, path in enumerate(self.nodes)}

    @cached_property
    def _membership(self) -> NDArray[np.float64]:
        """Matrix of shape (n_classes, n_nodes): a class is in its ancestors too."""
        belongs = np.zeros((len(self.paths), len(self.nodes)))
        for row, path in enumerate(self.paths):
            for level in range(len(path) + 1):
                belongs[row, self._place[path[:level]]] = 1.0
        return belongs

    @cached_property
    def _is_class(self) -> NDArray[np.float64]:
        """Matrix of shape (n_classes, n_nodes): the node of each class alone."""
        same = np.zeros((len(self.paths), len(self.nodes)))
        same[np.arange(len(self.paths)), [self._place[p] for p in self.paths]] = 1.0
        return same

    @cached_property
    def _children(self) -> list[NDArray[np.intp]]:
        children: list[list[int]] = [[] for _ in self.nodes]
        for place, path in enumerate(self.nodes):
            if path:
                children[self._place[path[:-1]]].append(place)
        return [np.array(places, dtype=np.intp) for places in children]

    def _as_names(self, paths: list[Path]) -> NDArray[np.object_]:
        return np.array([self.name(path) for path in paths], dtype=object)

    def _check_proba(self, proba: Any) -> NDArray[np.float64]:
        # Not normalized: sums over subsets of the classes are allowed.
        names = self._as_names(self.paths)
        return check_probabilities(proba, names, normalized=False)
