"""Support vector machines of more features than memory holds, block by block.

LIBLINEAR needs 28 bytes for each stored value. Here the samples are in a file, in
blocks in random order, and the dual problem is solved for one block after the other
(Yu et al., 2012, Large Linear Classification When Data Cannot Fit in Memory,
https://doi.org/10.1145/2086737.2086743), for all classes and candidates of `C` at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from amzest.neural import prefetch
from amzest.text._text_rows import TextRows
from amzest.utils import temporary_file, write_array

Floats = NDArray[np.float32]

#: Samples of a block, and blocks that are written at a time.
_BLOCK_SIZE, _BLOCKS_PER_PART = 256, 16

#: Times that the samples are read. After three to five the accuracy on held-out titles
#: was that of LIBLINEAR.
_N_PASSES = 4

#: Value of the feature whose weight is the intercept. LIBLINEAR's is 1; a smaller one
#: couples the samples of a block less, and the penalty of the intercept is small in
#: sums over as many samples.
_INTERCEPT_FEATURE = np.float32(0.1)


class Block(NamedTuple):
    """Samples of a block, restricted to the features that they have."""

    number: int
    matrix: sparse.csr_array  # (n_samples, n_columns), scaled
    features: NDArray[np.int32]  # (n_columns,)
    squares: NDArray[np.float64]  # (n_samples, 1), squared norms


class BlockFile:
    """TF-IDF features of samples in random order, in a temporary file."""

    def __init__(
        self, samples: TextRows, weights: NDArray[np.float64], order: NDArray[np.intp]
    ) -> None:
        n_features = len(samples.features.keys)
        self._file = temporary_file()
        self._blocks: list[tuple[int, int, int]] = []  # position, samples, values
        self._place = np.empty(n_features, dtype=np.int32)
        frequency, squares = np.zeros(n_features), np.zeros(n_features)
        step = _BLOCK_SIZE * _BLOCKS_PER_PART
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            matrix = samples.take(rows).matrix()
            repeated = np.repeat(weights[rows], np.diff(matrix.indptr))
            frequency += np.bincount(matrix.indices, repeated, n_features)
            repeated *= matrix.data.astype(np.float64) ** 2
            squares += np.bincount(matrix.indices, repeated, n_features)
            for first in range(0, matrix.shape[0], _BLOCK_SIZE):
                self._write(matrix[first : first + _BLOCK_SIZE])
        samples.known.release()
        # As `_scale_of_features`, from sums over the samples.
        scale = np.sqrt(1 + np.log((1 + weights[order].sum()) / (1 + frequency)))
        total = squares @ scale**2
        if total > 0:
            scale *= np.sqrt(squares.sum() / total)
        #: Factors of the features.
        self.scale = scale
        self._scale = scale.astype(np.float32)

    def __len__(self) -> int:
        return len(self._blocks)

    def _write(self, matrix: sparse.csr_array) -> None:
        self._blocks.append((self._file.tell(), matrix.shape[0], matrix.nnz))
        for part in (matrix.indptr, matrix.indices, matrix.data):
            write_array(self._file, part)

    def read(self, numbers: NDArray[np.intp]) -> Iterator[Block]:
        """Yield blocks."""
        self._file.flush()
        for number in numbers.tolist():
            position, n_rows, n_values = self._blocks[number]
            self._file.seek(position)
            indptr = np.fromfile(self._file, np.int32, n_rows + 1)
            indices = np.fromfile(self._file, np.int32, n_values)
            data = np.fromfile(self._file, np.float32, n_values)
            data *= self._scale[indices]
            is_used = np.zeros(len(self.scale), dtype=bool)
            is_used[indices] = True
            features = np.flatnonzero(is_used).astype(np.int32)
            self._place[features] = np.arange(len(features), dtype=np.int32)
            parts = data, self._place[indices], indptr
            matrix = sparse.csr_array(parts, (n_rows, len(features)))
            totals = offsets_of_squares(data)[indptr]
            yield Block(number, matrix, features, np.diff(totals)[:, None])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def offsets_of_squares(data: Floats) -> NDArray[np.float64]:
    """Return the sums of the squares before each value, and of all."""
    sums = np.zeros(len(data) + 1)
    np.cumsum(data.astype(np.float64) ** 2, out=sums[1:])
    return sums


class _Problem:
    """One-vs-rest problems of all classes, for several values of `C` side by side."""

    def __init__(
        self,
        n_features: int,
        targets: NDArray[np.int64],  # in the order of the blocks
        n_classes: int,
        weights: NDArray[np.float64],
        candidates: Sequence[float],
    ) -> None:
        self._targets, self._n_classes = targets, n_classes
        self._n_candidates = len(candidates)
        inverse = 0.5 / np.repeat(np.array(candidates), n_classes)
        self._ridge = inverse.astype(np.float32)  # (n_problems,)
        self._inverse_weights = (1 / weights).astype(np.float32)[:, None]
        n_problems = n_classes * len(candidates)
        self.coef = np.zeros((n_features, n_problems), dtype=np.float32)
        self.intercept = np.zeros(n_problems, dtype=np.float32)
        # The dual variables are in a file: there are n_samples x n_problems of them.
        self._duals = temporary_file()
        self.largest_square = 0.0

    def update(self, block: Block) -> None:
        """Improve the dual objective by the samples of a block.

        Each dual variable moves towards its optimum given all others, and all together
        in the direction of these moves as far as the objective increases most.
        """
        start = block.number * _BLOCK_SIZE
        rows = slice(start, start + block.matrix.shape[0])
        duals = self._read_duals(rows)
        ridge = self._ridge * self._inverse_weights[rows]
        signs = self._signs(rows)
        coef, feature = self.coef[block.features], _INTERCEPT_FEATURE
        margins = signs * (block.matrix @ coef + feature * self.intercept)
        slope = margins - 1 + ridge * duals
        squares = (block.squares + feature**2).astype(np.float32)
        moves = np.maximum(duals - slope / (squares + ridge), 0) - duals
        signed = signs * moves
        change = block.matrix.T @ signed
        of_intercept = feature * signed.sum(axis=0)
        curvature = (change**2).sum(axis=0) + of_intercept**2
        curvature += (ridge * moves**2).sum(axis=0)
        gain = -(slope * moves).sum(axis=0)
        step = np.minimum(gain / np.maximum(curvature, 1e-30), 1).astype(np.float32)
        self.coef[block.features] = coef + step * change
        self.intercept += step * of_intercept
        self._write_duals(rows, duals + step * moves)
        self.largest_square = max(self.largest_square, float(block.squares.max()))

    def _signs(self, rows: slice) -> Floats:
        """Return 1 for the class of each sample and -1 for the others."""
        targets = self._targets[rows]
        signs = np.full((len(targets), self._n_classes), -1, dtype=np.float32)
        signs[np.arange(len(targets)), targets] = 1
        return np.tile(signs, self._n_candidates)

    def _read_duals(self, rows: slice) -> Floats:
        shape = rows.stop - rows.start, len(self.intercept)
        self._duals.seek(rows.start * shape[1] * 4)
        data = self._duals.read(4 * shape[0] * shape[1])
        if not data:
            return np.zeros(shape, dtype=np.float32)
        return np.frombuffer(data, dtype=np.float32).reshape(shape)

    def _write_duals(self, rows: slice, duals: Floats) -> None:
        self._duals.seek(rows.start * duals.shape[1] * 4)
        write_array(self._duals, duals)

    def close(self) -> None:
        """Remove the file of dual variables."""
        self._duals.close()


class BlockSolution(NamedTuple):
    """Weights of one-vs-rest problems of unscaled features."""

    coef: Floats  # (n_features, n_classes)
    intercept: Floats  # (n_classes,)
    scale: NDArray[np.float64]  # (n_features,), factors of the features in the fit
    largest_norm: float  # of a sample


def descend_in_blocks(
    samples: TextRows,
    targets: NDArray[np.int64],
    n_classes: int,
    weights: NDArray[np.float64],
    *,
    candidates: Sequence[float],
    seed: int,
) -> list[BlockSolution]:
    """Fit one-vs-rest support vector machines with the squared hinge loss.

    Samples of weight 0 are ignored. Returns a solution for each value of `C`.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(weights > 0))
    with closing(BlockFile(samples, weights, order)) as blocks:
        problem = _Problem(
            len(blocks.scale), targets[order], n_classes, weights[order], candidates
        )
        with closing(problem):
            for _ in range(_N_PASSES):
                numbers = rng.permutation(len(blocks))
                with closing(prefetch(blocks.read(numbers))) as read:
                    for block in read:
                        problem.update(block)
        return [
            BlockSolution(
                problem.coef[:, start : start + n_classes].copy(),
                problem.intercept[start : start + n_classes] * _INTERCEPT_FEATURE,
                blocks.scale,
                problem.largest_square**0.5,
            )
            for start in range(0, problem.coef.shape[1], n_classes)
        ]
