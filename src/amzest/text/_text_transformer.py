"""A Transformer encoder for product texts."""

from __future__ import annotations

from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import Interval

from amzest.text._base import BaseTextClassifier


class TextTransformerClassifier(BaseTextClassifier):
    """Sort products by text with a Transformer encoder.

    Blocks of self-attention over words with learnt positions, normalised before each
    layer; the outputs are pooled to their maximum and mean over the text.

    Beside the deep part, a linear part scores words, n-grams and pairs of neighbouring
    words by their document frequency; each has a loss of its own in training, and
    their logits add up. Words are read with their hashed character n-grams, so that a
    misspelt or unseen word still has a vector. Trained by PyTorch through skorch.

    `X` is a column of strings (list, array, Series) or a frame of several, of which
    each keeps its identity. Rows without a word (None, NaN, blank) are left out of
    training and get the class frequencies.

    Parameters
    ----------
    hidden_size : int, default=64
        Width of the blocks, a multiple of `n_heads`.

    n_layers : int, default=2
        Number of blocks.

    n_heads : int, default=4
        Heads of attention in each block.

    block_dropout : float, default=0.1
        Share of what each layer of a block adds that is dropped in training.

    embedding_size : int, default=64
        Width of word vectors; with `embeddings`, the file decides.

    embeddings : str or path, default=None
        File of word vectors that are added to the learnt ones: GloVe's or word2vec's
        text format, plain or ``.gz``.

    train_embeddings : bool, default=False
        Whether the vectors of `embeddings` go on learning; else they are frozen.

    max_embeddings : int, default=50000
        Words at the head of the file of `embeddings` that are kept even if no training
        text holds them, for texts to come.

    max_length : int, default=64
        Words kept of each text of each column. Longer texts are cut at the end.

    min_count : int, default=1
        Words that stand less often in the training texts have only n-grams, and
        features of fewer texts are not scored.

    ngram_range : tuple of int, default=(2, 5)
        Shortest and longest n-gram in characters that words are hashed by.

    n_buckets : int, default=65536
        Rows of the table of vectors that n-grams are hashed into.

    max_features : int, default=262144
        Words, pairs of words and n-grams that the linear part scores at most; the most
        frequent ones are kept.

    token_dropout : float, default=0.05
        Share of the words that are hidden from the network in training.

    embedding_dropout : float, default=0.2
        Share of the numbers in word vectors that are dropped in training.

    embedding_learning_rate : float, default=0.02
        Peak learning rate of the tables of words, n-grams and pairs, of which a step
        touches few rows.

    learning_rate : float, default=0.003
        Peak learning rate of AdamW. It climbs for the first tenth of all steps, then
        falls to zero along a cosine.

    weight_decay : float, default=0.0
        Decoupled weight decay of matrices; biases and normalisation have none.

    label_smoothing : float, default=0.1
        Share of the target probability that is spread over all categories. More
        keeps the network from being too sure; probabilities become softer.

    dropout : float, default=0.5
        Share of the activations before the last layer that are dropped in training.

    batch_size : int or "auto", default="auto"
        Rows in a training step. "auto" takes up to 128, fewer for smaller tables.

    max_epochs : int, default=5
        Passes over the training rows, and the length of the learning-rate schedule.

    early_stopping : bool, default=False
        Whether to hold out validation rows, stop when their accuracy no longer
        improves and keep the best epoch. If False, all rows train for all epochs.

    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`, stratified by category.

    n_iter_no_change : int, default=5
        Epochs without improvement after which `early_stopping` stops.

    tol : float, default=0.0001
        Smallest improvement of accuracy (or of log-loss, at equal accuracy) that
        counts for `n_iter_no_change`.

    class_weight : dict, "balanced", default=None
        Weights of the categories in the loss: by label, or inverse to their
        frequency.

    device : str, default="auto"
        Where to compute: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1".

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of matrix products in training; weights and predictions are float32
        in any case. "auto" takes bfloat16 where the processor has it in hardware and
        where it makes this network faster, else float32.

    random_state : int, RandomState instance, default=None
        Seed of weights, order, dropout, augmentation and validation split. The same
        int gives the same bits on one machine; global generators are not used.

    verbose : int or bool, default=0
        If above 0, prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Category labels, sorted.

    class_prior_ : ndarray of shape (n_classes,)
        Weighted frequency of each category in the training rows.

    n_iter_ : int
        Epochs that were run.

    loss_curve_ : list of float
        Mean training loss of each epoch.

    validation_scores_ : list of float or None
        Validation accuracy of each epoch; None without `early_stopping`.

    net_ : skorch.NeuralNet
        The network in skorch's form, rebuilt on demand.

    weights_ : dict of str to ndarray
        Parameters and buffers of the network by name.

    architecture_ : dict
        Plain values from which the network is rebuilt.

    vocabulary_ : dict of str to int
        Row of each word of the training texts in the table of vectors.

    n_buckets_ : int
        Rows of the table of vectors that n-grams share.

    linear_keys_ : ndarray of shape (n_linear_features,), dtype uint64
        Hashes of the words, pairs and n-grams that the linear part scores, sorted.

    linear_idf_ : ndarray of shape (n_linear_features,), dtype float32
        Inverse document frequency of each.

    ngram_range_ : tuple of int
        Lengths of n-grams that were used.

    max_length_ : int
        Words kept of each text.

    embedding_rows_ : dict of str to int
        Row of each word that has a pretrained vector; empty without `embeddings`.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names; exists when `X` has names that are strings.

    See Also
    --------
    TextCNNClassifier : Patterns of neighbouring words; the quickest.
    TextLSTMClassifier : Reads words one after the other, in both directions.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need.

    Xiong et al. (2020), On Layer Normalization in the Transformer Architecture.

    Examples
    --------
    >>> from amzest.text import TextTransformerClassifier
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> kinds = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextTransformerClassifier(random_state=0).fit(
    ...     titles * 8, kinds * 8
    ... )
    >>> classifier.predict(["runing shoes", "spade", None]).tolist()[:2]
    ['shoes', 'garden']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseTextClassifier._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "block_dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        n_layers: int = 2,
        n_heads: int = 4,
        block_dropout: float = 0.1,
        embedding_size: int = 64,
        embeddings: str | PathLike[str] | None = None,
        train_embeddings: bool = False,
        max_embeddings: int = 50000,
        max_length: int = 64,
        min_count: int = 1,
        ngram_range: tuple[int, int] = (2, 5),
        n_buckets: int = 65536,
        max_features: int = 262144,
        token_dropout: float = 0.05,
        embedding_dropout: float = 0.2,
        embedding_learning_rate: float = 0.02,
        learning_rate: float = 0.003,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.1,
        dropout: float = 0.5,
        batch_size: int | str = "auto",
        max_epochs: int = 5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 0.0001,
        class_weight: dict[Any, float] | str | None = None,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
    ) -> None:
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.block_dropout = block_dropout
        self.embedding_size = embedding_size
        self.embeddings = embeddings
        self.train_embeddings = train_embeddings
        self.max_embeddings = max_embeddings
        self.max_length = max_length
        self.min_count = min_count
        self.ngram_range = ngram_range
        self.n_buckets = n_buckets
        self.max_features = max_features
        self.token_dropout = token_dropout
        self.embedding_dropout = embedding_dropout
        self.embedding_learning_rate = embedding_learning_rate
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        hidden_size, n_heads = int(self.hidden_size), int(self.n_heads)
        if hidden_size % n_heads:
            raise ValueError(
                f"`hidden_size` is {hidden_size}, which is no multiple of `n_heads` "
                f"({n_heads})."
            )
        return {
            "network": "transformer",
            "hidden_size": hidden_size,
            "n_layers": int(self.n_layers),
            "n_heads": n_heads,
            "block_dropout": self.block_dropout,
            # Each column opens with a token of its own where there are several.
            "n_positions": self.n_features_in_ * (self.max_length_ + 1),
            **self._common_architecture(n_classes, 2 * hidden_size),
        }
