"""A sixth network: one gated convolution over the words of product texts."""

from numbers import Integral
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from amzest.text._base import BaseTextClassifier


def gated_cnn(*, n_filters, kernel_size, **common):
    """Build the network. torch is imported here, not when this file is imported."""
    import torch
    from torch import nn
    from torch.nn import functional

    from amzest.text._networks import TextNetwork

    class GatedCNN(TextNetwork):
        def __init__(self):
            super().__init__(**common)
            self.convolution = nn.Conv1d(
                common["embedding_size"],
                2 * n_filters,
                kernel_size,
                padding=kernel_size // 2,
            )

        def encode(self, x, mask, lengths):  # x: (batch, length, embedding_size)
            found = self.convolution(x.mT)[..., : x.shape[1]]
            found = functional.glu(found, dim=1).mT  # (batch, length, n_filters)
            found = found.masked_fill(~mask[..., None], -torch.inf)
            return found.amax(1)  # (batch, n_filters)

    return GatedCNN()


class TextGatedCNNClassifier(BaseTextClassifier):
    """Sort products by text with a gated convolutional network.

    One convolution over neighbouring words, half of whose outputs are gates for the
    other half, pooled to the maximum over the text.

    Parameters
    ----------
    n_filters : int, default=64
        Filters that are pooled; each has a gate of its own.
    kernel_size : int, default=3
        Width of the convolution in words.
    embedding_size : int, default=64
        Width of word vectors.
    token_dropout : float, default=0.05
        Share of the words that are hidden from the network in training.
    learning_rate : float, default=0.003
        Peak learning rate of AdamW.
    weight_decay : float, default=0.0
        Decoupled weight decay of matrices.
    label_smoothing : float, default=0.1
        Share of the target probability that is spread over all categories.
    dropout : float, default=0.5
        Share of the activations before the last layer that are dropped in training.
    batch_size : int or "auto", default="auto"
        Rows in a training step.
    max_epochs : int, default=5
        Passes over the training rows.
    early_stopping : bool, default=False
        Whether to hold out validation rows and keep the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`.
    n_iter_no_change : int, default=5
        Epochs without improvement after which `early_stopping` stops.
    tol : float, default=0.0001
        Smallest improvement that counts for `n_iter_no_change`.
    class_weight : dict, "balanced", default=None
        Weights of the categories in the loss.
    device : str, default="auto"
        Where to compute.
    random_state : int, RandomState instance, default=None
        Seed of weights, order, dropout and validation split.
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
        Hashes of what the linear part scores, sorted.
    linear_idf_ : ndarray of shape (n_linear_features,), dtype float32
        Inverse document frequency of each.
    ngram_range_ : tuple of int
        Lengths of n-grams that were used.
    max_length_ : int
        Words kept of each text.
    embedding_rows_ : dict of str to int
        Row of each word that has a pretrained vector; empty here.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names; exists when `X` has names that are strings.

    References
    ----------
    Dauphin et al. (2017), Language Modeling with Gated Convolutional Networks.
    """

    # Parameters of the base that are not offered here: each has this one value.
    embeddings, train_embeddings, max_embeddings = None, False, 0
    max_length, min_count, ngram_range = 64, 1, (2, 5)
    n_buckets, max_features = 65536, 262144
    embedding_dropout, embedding_learning_rate = 0.0, 0.02
    precision = "float32"

    _parameter_constraints: ClassVar = {
        **BaseTextClassifier._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_filters=64,
        kernel_size=3,
        embedding_size=64,
        token_dropout=0.05,
        learning_rate=0.003,
        weight_decay=0.0,
        label_smoothing=0.1,
        dropout=0.5,
        batch_size="auto",
        max_epochs=5,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        tol=0.0001,
        class_weight=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.embedding_size = embedding_size
        self.token_dropout = token_dropout
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
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, n_classes):
        """Describe the network in plain values; its parameters are read here only."""
        return {
            "n_filters": int(self.n_filters),
            "kernel_size": int(self.kernel_size),
            **self._common_architecture(n_classes, width=int(self.n_filters)),
        }

    def _build_engine(self, architecture, settings):
        """Build the untrained network, in `fit` and again after unpickling."""
        from amzest.neural._skorch_engine import SkorchEngine

        return SkorchEngine(gated_cnn, architecture, settings)
