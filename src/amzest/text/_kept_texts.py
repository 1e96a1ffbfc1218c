"""Training texts in the fitted state, for fits that continue from it."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from amzest.utils import sample_by_class

#: Samples, and characters of their texts, that are kept; more are sampled at random.
MAX_KEPT_SAMPLES = 50_000
_MAX_KEPT_CHARACTERS = 2**25
#: Samples of which it is kept that they were seen.
_MAX_SEEN = 2**20

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingCells:
    """Texts of training samples, with targets and weights."""

    cells: NDArray[np.object_]  # (n_samples, n_columns)
    targets: NDArray[np.int64]  # (n_samples,)
    weights: Floats  # (n_samples,), those passed by the user

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Samples that have text and a weight above 0."""
        result: NDArray[np.bool_] = (self.cells != "").any(axis=1) & (self.weights > 0)
        return result

    def take(self, rows: NDArray[np.integer]) -> TrainingCells:
        """Return some of the samples."""
        return TrainingCells(self.cells[rows], self.targets[rows], self.weights[rows])

    def with_more(self, other: TrainingCells) -> TrainingCells:
        """Return the samples of both."""
        return TrainingCells(
            np.concatenate([self.cells, other.cells]),
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True)
class KeptTexts:
    """Training samples that further fits learn from again, compressed.

    Learning from old samples together with new ones (rehearsal) is what prevents a
    model from forgetting, more than any penalty of changes (van de Ven et al., 2022,
    https://doi.org/10.1038/s42256-022-00568-3). At most 50,000 samples with 32 million
    characters are kept: of a class that has more than others, samples are drawn at
    random, and their weights increased accordingly.
    """

    texts: NDArray[np.uint8]  # rows as JSON, compressed by zlib
    targets: NDArray[np.int32]  # (n_kept,)
    weights: Floats  # (n_kept,)
    totals: Floats  # (n_classes,), weights of all samples so far
    seen: NDArray[np.uint64]  # sorted digests of samples so far
    n_calibrated: int  # samples when the model was calibrated
    n_tuned: int  # samples when its hyperparameters were chosen

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        arrays = self.texts, self.targets, self.weights, self.totals, self.seen
        return sum(array.nbytes for array in arrays)

    def samples(self) -> TrainingCells:
        """Return the samples."""
        rows = json.loads(zlib.decompress(self.texts.tobytes()))
        cells = np.array(rows, dtype=object).reshape(len(self.targets), -1)
        return TrainingCells(cells, self.targets.astype(np.int64), self.weights)

    def has_seen(self, samples: TrainingCells) -> NDArray[np.bool_]:
        """Return which samples a former fit has learned from, whatever their labels."""
        return np.isin(_digests(samples.cells), self.seen)


def keep_texts(
    samples: TrainingCells,
    totals: Floats,
    *,
    n_calibrated: int,
    n_tuned: int,
    seen: NDArray[np.uint64] | None = None,
    seed: int,
) -> KeptTexts:
    """Keep samples for further fits; `seen` are those that were seen before."""
    samples = samples.take(np.flatnonzero(samples.present))
    digests = np.unique(_digests(samples.cells))
    if seen is not None:
        digests = np.union1d(digests, seen)
    if len(digests) > _MAX_SEEN:
        rng = np.random.default_rng(seed)
        digests = np.sort(rng.choice(digests, _MAX_SEEN, replace=False))
    samples = _sample(samples, seed)
    rows = json.dumps(samples.cells.tolist(), separators=(",", ":"))
    compressed = np.frombuffer(zlib.compress(rows.encode()), dtype=np.uint8)
    return KeptTexts(
        texts=compressed,
        targets=samples.targets.astype(np.int32),
        weights=samples.weights,
        totals=totals,
        seen=digests,
        n_calibrated=n_calibrated,
        n_tuned=n_tuned,
    )


def _digests(cells: NDArray[np.object_]) -> NDArray[np.uint64]:
    """Return a 64-bit digest of each row."""
    digests = b"".join(
        blake2b("\0".join(row).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for row in cells.tolist()
    )
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _sample(samples: TrainingCells, seed: int) -> TrainingCells:
    """Return at most as many samples as are kept."""
    sizes = [sum(map(len, row)) for row in samples.cells.tolist()]
    mean = max(1.0, float(np.mean(sizes))) if sizes else 1.0
    limit = min(MAX_KEPT_SAMPLES, int(_MAX_KEPT_CHARACTERS / mean))
    kept, weights = sample_by_class(samples.targets, samples.weights, limit, seed)
    return replace(samples.take(kept), weights=weights)
