"""What the three text classifiers share."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from amzest.neural import (
    BaseNeuralClassifier,
    Engine,
    Inputs,
    TrainingSettings,
    prefetch,
)
from amzest.text._columns import text_columns
from amzest.text._encoding import EncodedTexts, WordTable
from amzest.text._linear_features import (
    LinearFeatures,
    count_features,
    learn_linear_features,
)
from amzest.text._recent_texts import recent_texts
from amzest.text._tokens import TokenisedTexts
from amzest.text._vocabulary import learn_vocabulary
from amzest.text._word_vectors import read_word_vectors
from amzest.utils import (
    check_installed,
    import_torch,
    shown,
)

#: Texts that are encoded together to be predicted.
_ROWS_PER_PART = 1024


class BaseTextClassifier(BaseNeuralClassifier):
    """Read one text column or several; a concrete class brings the network."""

    embedding_size: int
    embeddings: str | PathLike[str] | None
    train_embeddings: bool
    max_embeddings: int
    max_length: int
    min_count: int
    ngram_range: tuple[int, int]
    n_buckets: int
    max_features: int
    token_dropout: float
    embedding_dropout: float
    embedding_learning_rate: float
    dropout: float

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseNeuralClassifier._needed_attributes,
        "embedding_rows_",
        "linear_idf_",
        "linear_keys_",
        "max_length_",
        "n_buckets_",
        "ngram_range_",
        "vocabulary_",
    )

    _largest_auto_batch: ClassVar[int] = 128
    _n_auto_steps: ClassVar[int] = 50

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseNeuralClassifier._parameter_constraints,
        "embedding_size": [Interval(Integral, 1, None, closed="left")],
        "embeddings": [str, PathLike, None],
        "train_embeddings": ["boolean"],
        "max_embeddings": [Interval(Integral, 0, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "ngram_range": [tuple, list],
        "n_buckets": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_learning_rate": [Interval(Real, 0, np.inf, closed="neither")],
    }

    def _import_framework(self) -> None:
        import_torch(type(self).__name__)
        check_installed("skorch", extra="text", purpose=type(self).__name__)

    def _read(self, X: Any, *, reset: bool) -> Sized:
        cells, names = text_columns(X)
        self._check_columns(cells.shape[1], names, reset=reset)
        if reset:
            self.max_length_ = int(self.max_length)
        return recent_texts(cells, self.max_length_)

    def _learn_encoding(
        self,
        read: TokenisedTexts,
        rows: NDArray[np.intp],
        weights: NDArray[np.float64],
    ) -> None:
        shortest, longest = self.ngram_range_ = self._check_ngram_range()
        # A text counts at least once: weights may be shares that add up to 1.
        counts = np.zeros(len(read))
        counts[rows] = np.maximum(weights[rows], 1.0)
        self.n_buckets_ = int(self.n_buckets)
        self.vocabulary_ = learn_vocabulary(read.words, counts, self.min_count)
        linear = learn_linear_features(
            count_features(read, shortest, longest),
            counts,
            min_count=self.min_count,
            max_features=self.max_features,
        )
        self.linear_keys_, self.linear_idf_ = linear.keys, linear.idf
        self.embedding_rows_: dict[str, int] = {}
        if self.embeddings is not None:
            found, vectors = read_word_vectors(
                self.embeddings, self.vocabulary_.keys(), self.max_embeddings
            )
            if not found:
                raise ValueError(
                    f'`embeddings` "{self.embeddings}" holds none of the '
                    f"{len(self.vocabulary_)} words of the training texts. Is it a "
                    "file of the same language?"
                )
            self.embedding_rows_, self._vectors = found, vectors

    def _check_ngram_range(self) -> tuple[int, int]:
        lengths = tuple(self.ngram_range)
        whole = all(isinstance(length, Integral) for length in lengths)
        if len(lengths) != 2 or not whole or not 1 <= lengths[0] <= lengths[1]:
            raise ValueError(
                f"`ngram_range` is {shown(self.ngram_range)}; expected two lengths in "
                "characters, such as (2, 5)."
            )
        return int(lengths[0]), int(lengths[1])

    def _encode(self, read: TokenisedTexts) -> Inputs:
        return EncodedTexts(
            read,
            WordTable(self.vocabulary_, self.n_buckets_, *self.ngram_range_),
            LinearFeatures(self.linear_keys_, self.linear_idf_),
            self.token_dropout,
            self.embedding_rows_,
        )

    def _encode_parts(self, read: TokenisedTexts) -> Iterator[Inputs]:
        """Encode the next texts while the network is busy with these."""
        if len(read) <= _ROWS_PER_PART:
            return iter([self._encode(read)])
        starts = range(0, len(read), _ROWS_PER_PART)
        parts = (read.part(start, start + _ROWS_PER_PART) for start in starts)
        return prefetch(self._encode(part) for part in parts)

    def _common_architecture(self, n_classes: int, width: int) -> dict[str, Any]:
        """Describe what all networks share; `width` is what the class itself adds."""
        size = int(self.embedding_size)
        if self.embedding_rows_:
            size = self._vectors.shape[1]
        return {
            "n_rows": len(self.vocabulary_) + self.n_buckets_,
            "n_linear_features": len(self.linear_keys_),
            "n_classes": n_classes,
            "n_features_out": width + size + n_classes,
            "embedding_size": size,
            "dropout": self.dropout,
            "embedding_dropout": self.embedding_dropout,
            "n_pretrained": len(self._vectors) if self.embedding_rows_ else 0,
            "train_pretrained": bool(self.train_embeddings and self.embedding_rows_),
        }

    def _settings(self, seeds: dict[str, int]) -> TrainingSettings:
        return replace(
            super()._settings(seeds),
            sparse_learning_rate=self.embedding_learning_rate,
        )

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.neural._skorch_engine import SkorchEngine
        from amzest.text._networks import NETWORKS

        options = dict(architecture)
        return SkorchEngine(NETWORKS[options.pop("network")], options, settings)

    def _load_pretrained(self, engine: Any) -> None:
        if self.embedding_rows_:
            vectors = self.__dict__.pop("_vectors")  # the network holds them from here
            weights = {**engine.get_weights(), "pretrained": vectors}
            engine.set_weights(weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags
