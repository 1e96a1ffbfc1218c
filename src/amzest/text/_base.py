"""The base class of text classifiers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from amzest.neural import (
    BaseNeuralClassifier,
    Calibration,
    Engine,
    HoldOut,
    Inputs,
    TrainingData,
    TrainingRows,
    TrainingSettings,
    estimator_dataclass,
)
from amzest.text._encoding import EncodedTexts, WordTable
from amzest.text._incremental_network import IncrementalNetworkMixin
from amzest.text._linear_features import (
    LinearFeatures,
    count_features,
    learn_linear_features,
)
from amzest.text._linear_model import (
    DEFAULT_C,
    LinearModel,
    best_C,
    fit_models,
)
from amzest.text._recent_texts import recent_texts
from amzest.text._text_input import TextInputMixin
from amzest.text._text_rows import TextRows
from amzest.text._tokens import TokenisedTexts, group_copies
from amzest.text._vocabulary import learn_vocabulary
from amzest.text._word_vectors import read_word_vectors
from amzest.utils import LazyTable, check_installed, count, import_torch

if TYPE_CHECKING:
    from amzest.text.networks import TextNetwork


@estimator_dataclass
class BaseTextClassifier(TextInputMixin, IncrementalNetworkMixin, BaseNeuralClassifier):
    """Base class of neural networks that classify text.

    Subclass it to add a network of your own: declare the parameters of the network as
    annotated class attributes, describe the network in `_architecture` and build it in
    `_build_network`. :doc:`/user_guide/add_a_network` is a complete example. These
    hooks, the parameters and the fitted attributes are stable.

    Parameters
    ----------
    embedding_size : int
        Size of the word vectors. With `embeddings`, the file determines the size.
    embeddings : str, path or None
        File of pretrained word vectors that are added to the learned ones, in the text
        format of GloVe or word2vec, optionally compressed (``.gz``).
    train_embeddings : bool
        Whether the vectors of `embeddings` are trained; otherwise they are frozen.
    max_embeddings : int
        Number of words at the beginning of the file of `embeddings` that are kept even
        if no training text contains them, for use in prediction.
    max_length : int
        Number of tokens kept of each text in each column. Longer texts are truncated.
    network_length : int
        Number of these tokens that the network reads, which takes longer for long texts
        than the linear part does.
    min_count : int
        Words that appear in fewer training texts are represented by their n-grams
        only, and such features are left out of the linear part.
    ngram_range : tuple of int
        Smallest and largest length of the character n-grams of words.
    n_buckets : int
        Number of vectors that n-grams are hashed into.
    linear_part : bool
        Whether a linear support vector machine of TF-IDF features is fitted beside the
        network. The network then learns with held-out samples how much weight each of
        the two gets. Without it, the network is the sole classifier: for comparisons of
        networks, and for ensembles with :class:`~amzest.TextLinearClassifier`.
    max_features : int
        Maximum number of words, word pairs and n-grams in the linear part. The most
        frequent ones are kept.
    token_dropout : float
        Fraction of the tokens that are hidden from the network in training.
    embedding_dropout : float
        Dropout rate of word vectors.
    embedding_learning_rate : float
        Peak learning rate of the embedding tables, of which a training step updates
        only a few rows.
    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training
        set, up to 128.
    warm_start : bool
        Whether `fit` starts from the weights of the former fit if there is one, instead
        of random ones, and keeps its samples for `partial_fit`. Words and classes may
        differ from the former ones. Saved files then contain the texts.
    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of matrix products in training. Weights and
        predictions are always float32. "auto" is bfloat16 if the hardware supports
        it and it is faster, else float32.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The network as a skorch object, rebuilt on demand.
    vocabulary_ : dict of str to int
        Index of each word of the training texts in the embedding table.
    n_buckets_ : int
        Number of vectors that n-grams are hashed into.
    linear_features_ : LinearFeatures or None
        Hashes and inverse document frequencies of the features of the linear part.
    linear_model_ : LinearModel or None
        Coefficients and intercepts of the linear part.
    C_ : float or None
        Inverse regularisation strength of the linear part, chosen with `calibrate`.
    ngram_range_ : tuple of int
        Smallest and largest length of n-grams.
    max_length_ : int
        Number of tokens kept of each text.
    network_length_ : int
        Number of tokens of each text that the network reads.
    embedding_rows_ : dict of str to int
        Index of each word that has a pretrained vector; empty without `embeddings`.
    kept_samples_ : KeptTexts or None
        Training samples that `partial_fit` learns from again, compressed: at most
        50,000, with 32 million characters. None after `fit` without `warm_start`.

    See Also
    --------
    amzest.TextCNNClassifier : A convolutional network.

    Notes
    -----
    `X` is a column of strings (list, array or Series) or a table of several text
    columns, which start with separator tokens; or a
    :class:`~amzest.datasets.TableReader`, to read more rows than memory holds. Samples
    without text (None, NaN, blank) are ignored in training and get the class
    frequencies as predicted probabilities.

    By default a linear model of TF-IDF features (words, pairs of neighbouring words and
    character n-grams) is fitted beside the network, as in wide and deep learning (Cheng
    et al., 2016, https://arxiv.org/abs/1606.07792), but separately. With held-out
    samples the number of epochs of the network, the regularisation of the linear model,
    the weights of their scores and an offset are chosen, see `calibrate`. In texts with
    words that no training text contains, but that have a vector in `embeddings`, the
    linear model has less weight. Word vectors
    include those of hashed character n-grams as in fastText (Bojanowski et al., 2017,
    https://arxiv.org/abs/1607.04606), so that misspelt and unseen words have a vector.
    The networks run on PyTorch through skorch.

    Examples
    --------
    >>> from amzest.text import BaseTextClassifier, TextCNNClassifier
    >>> issubclass(TextCNNClassifier, BaseTextClassifier)
    True
    """

    embedding_size: int = 64
    embeddings: str | PathLike[str] | None = None
    train_embeddings: bool = False
    max_embeddings: int = 50000
    max_length: int = 256
    network_length: int = 64
    min_count: int = 1
    ngram_range: tuple[int, int] = (2, 5)
    n_buckets: int = 65536
    linear_part: bool = True
    max_features: int = 262144
    token_dropout: float = 0.2
    embedding_dropout: float = 0.2
    embedding_learning_rate: float = 0.02
    warm_start: bool = False

    #: Whether the order of words affects the features of the network.
    order_sensitive: ClassVar[bool] = True

    _parameter_topics: ClassVar[dict[str, str]] = {
        **BaseNeuralClassifier._parameter_topics,
        "embedding_size": "Text and vocabulary",
        "warm_start": "Incremental learning",
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseNeuralClassifier._needed_attributes,
        "embedding_rows_",
        "linear_features_",
        "linear_model_",
        "max_length_",
        "network_length_",
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
        "network_length": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "ngram_range": [tuple, list],
        "n_buckets": [Interval(Integral, 1, None, closed="left")],
        "linear_part": ["boolean"],
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_learning_rate": [Interval(Real, 0, np.inf, closed="neither")],
        "warm_start": ["boolean"],
    }

    def _import_framework(self) -> None:
        import_torch(type(self).__name__)
        check_installed("skorch", extra="text", purpose=type(self).__name__)

    def _n_tokens(self, *, reset: bool) -> int:
        n_tokens = super()._n_tokens(reset=reset)
        if reset:
            self.network_length_ = min(int(self.network_length), self.max_length_)
        has_linear_part = self.linear_part if reset else self.linear_model_ is not None
        return n_tokens if has_linear_part else self.network_length_

    def _tokenise(self, cells: NDArray[np.object_], *, reset: bool) -> TokenisedTexts:
        return recent_texts(cells, self._n_tokens(reset=reset))

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        parts = super()._predict_parts
        if isinstance(X, LazyTable):
            check_is_fitted(self, "weights_")
            of_pieces = (parts(texts)[1] for texts in self._tokenise_pieces(X))
            return len(X), chain.from_iterable(of_pieces)
        return parts(X)

    def _prepare(
        self, read: TokenisedTexts
    ) -> tuple[TokenisedTexts, NDArray[np.bool_]]:
        return read, read.present

    def _fit_network(self, data: TrainingData, arguments: dict[str, Any]) -> None:
        self._start = data.start
        if self.embeddings is not None:  # once for all fits on parts of the samples
            counts = _counts(data.rows, data.weights)
            texts = data.read.words.truncated(self.network_length_)
            former = self._former.get("vocabulary_", ())
            words = learn_vocabulary(texts, counts, self.min_count, former).keys()
            self._file_vectors = read_word_vectors(
                self.embeddings, words, self.max_embeddings
            )
            if not self._file_vectors.rows:
                raise ValueError(
                    f'`embeddings` "{self.embeddings}" contains none of the '
                    f"{count(len(words), 'word')} of the training texts. Is it a file "
                    "of the same language?"
                )
        super()._fit_network(data, arguments)
        del self._start
        self.__dict__.pop("_file_vectors", None)

    def _learn_encoding(
        self,
        read: TokenisedTexts,
        rows: NDArray[np.intp],
        weights: NDArray[np.float64],
    ) -> None:
        shortest, longest = self.ngram_range_ = self._check_ngram_range()
        counts = _counts(rows, weights)
        self.n_buckets_ = int(self.n_buckets)
        words = read.words.truncated(self.network_length_)
        former = self._former.get("vocabulary_", ())
        self.vocabulary_ = learn_vocabulary(words, counts, self.min_count, former)
        self.linear_features_: LinearFeatures | None = None
        self.linear_model_: LinearModel | None = None
        if self.linear_part:
            self.linear_features_ = learn_linear_features(
                count_features(read, shortest, longest),
                counts,
                min_count=self.min_count,
                max_features=self.max_features,
            )
        self.embedding_rows_: dict[str, int] = {}
        if self.embeddings is not None:
            vectors = self._file_vectors.of(self.vocabulary_.keys())
            self.embedding_rows_, self._vectors = vectors.rows, vectors.vectors

    def _encode(self, read: TokenisedTexts) -> Inputs:
        return EncodedTexts(
            read,
            WordTable(self.vocabulary_, self.n_buckets_, *self.ngram_range_),
            self.linear_features_,
            self.token_dropout,
            self.embedding_rows_,
            self.network_length_,
        )

    def _groups(self, read: TokenisedTexts) -> NDArray[np.integer[Any]]:
        return group_copies(read)

    def _default_calibration(self) -> Calibration:
        if self.linear_part:
            return Calibration((0.6, 2.7), -3.0)
        return super()._default_calibration()

    def _fit_other_part(
        self, rows: TrainingRows, seeds: dict[str, int]
    ) -> tuple[Mapping[float, NDArray[np.float32]], float | None]:
        if not self.linear_part:
            self.C_ = None
            return {}, None
        inputs: Any = rows.inputs
        samples = inputs.linear_rows(rows.train)
        targets, weights = rows.of(rows.train)
        train = samples, targets, len(self.classes_), weights
        if len(rows.held_out):
            known, seed = self._candidates(), seeds["weights"]
            models = dict(fit_models(*train, candidates=known, seed=seed))
            held_out = inputs.linear_rows(rows.held_out)
            share = inputs.share_without_new_words(rows.held_out)
            scores = _linear_scores(models, held_out, share)
            self.C_ = best_C(scores, *rows.of(rows.held_out))
            self.linear_model_ = models[self.C_]
            return scores, self.C_
        former = self._former.get("C_") or DEFAULT_C
        self.C_ = getattr(self, "C_", former)  # chosen on held-out rows before
        ((_, self.linear_model_),) = fit_models(
            *train, candidates=(self.C_,), seed=seeds["weights"]
        )
        return {}, None

    def _choose_candidate(self, hold_outs: Sequence[HoldOut]) -> float | None:
        if self.linear_part:
            self.C_ = best_C(
                {
                    C: np.concatenate([h.other_scores[C] for h in hold_outs])
                    for C in hold_outs[0].other_scores
                },
                np.concatenate([h.targets for h in hold_outs]),
                np.concatenate([h.weights for h in hold_outs]),
            )
        return self.C_

    def _other_scores(
        self, inputs: Any, rows: NDArray[np.intp]
    ) -> list[NDArray[np.float32]]:
        if self.linear_model_ is None:
            return []
        share = inputs.share_without_new_words(rows)
        models = {None: self.linear_model_}
        return [_linear_scores(models, inputs.linear_rows(rows), share)[None]]

    def _count_features_out(self) -> int:
        n_scores = len(self.classes_) if self.linear_part else 0
        return super()._count_features_out() + n_scores

    def _common_architecture(self, n_classes: int, width: int) -> dict[str, Any]:
        """Describe what all text networks share; `width` is the size of `encode`."""
        size = int(self.embedding_size)
        if self.embedding_rows_:
            size = self._vectors.shape[1]
        return {
            "n_rows": len(self.vocabulary_) + self.n_buckets_,
            "n_classes": n_classes,
            "n_features_out": width + size,
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

    @staticmethod
    @abstractmethod
    def _build_network(*_: Any, **architecture: Any) -> TextNetwork:
        """Build the untrained network from the values of `_architecture`.

        Subclasses name the values; `*_` tells type checkers that they may.
        """

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.neural._skorch_engine import SkorchEngine

        options = {k: v for k, v in architecture.items() if k != "network"}
        return SkorchEngine(type(self)._build_network, options, settings)

    def _load_pretrained(self, engine: Any) -> None:
        if self.embedding_rows_:
            vectors = self.__dict__.pop("_vectors")  # from here on part of the network
            weights = {**engine.get_weights(), "pretrained": vectors}
            engine.set_weights(weights)


def _linear_scores(
    models: Mapping[Any, LinearModel], texts: TextRows, share: NDArray[np.float64]
) -> dict[Any, NDArray[np.float32]]:
    """Return the scores of models for some texts, each of shape (n_rows, n_classes).

    They differ less between the classes for texts with words that only pretrained
    vectors know: there the linear model has only the other words, which often say
    little, and TF-IDF of norm 1 makes up for the missing ones.
    """
    parts: dict[Any, list[NDArray[np.float32]]] = {C: [] for C in models}
    for matrix in texts.matrices():
        for C, model in models.items():
            parts[C].append(model.scores(matrix))
    texts.known.release()
    reduced = np.flatnonzero(share < 1)
    factor = (share[reduced, None] ** 2).astype(np.float32)
    scores = {C: np.concatenate(of_parts) for C, of_parts in parts.items()}
    for of_model in scores.values():
        mean = of_model[reduced].mean(axis=1, keepdims=True)
        of_model[reduced] = mean + (of_model[reduced] - mean) * factor
    return scores


def _counts(
    rows: NDArray[np.intp], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how often each text counts: 0 if it is not among the rows, else 1 or more.

    Weights may be fractions that sum to 1.
    """
    counts = np.zeros(len(weights))
    counts[rows] = np.maximum(weights[rows], 1.0)
    return counts
