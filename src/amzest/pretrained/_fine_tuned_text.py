"""Fine-tuning of a whole text encoder, for the classifier that holds the result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from amzest.neural import (
    BaseNeuralClassifier,
    Calibration,
    Engine,
    Inputs,
    TrainingRows,
    TrainingSettings,
    estimator_dataclass,
)
from amzest.pretrained._fine_tuned_cells import TokenizedCells, tokenize_cells
from amzest.pretrained._fine_tuning import OwnerContext
from amzest.pretrained._last_layer import fit_last_layer
from amzest.pretrained._loading import import_transformers
from amzest.pretrained._model_folder import Source, opened, read_config
from amzest.pretrained._text_description import TextModelDescription
from amzest.pretrained._text_model import (
    TextTokenizer,
    load_text_network,
    make_text_tokenizer,
)
from amzest.utils import CACHE, check_installed

#: Dropout rates of attention weights, by the names of several architectures. They are
#: set to 0: with dropout the whole matrix of weights is kept for the backward pass, and
#: training took 1.2 times as long for titles, and 1.3 times for texts of 256 tokens.
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")

#: Attributes that are not part of the fitted state.
_ONLY_IN_FIT = ("_owner", "_source", "_vectors", "_config", "_last_layer")


@estimator_dataclass
class FineTunedText(BaseNeuralClassifier):
    """A text encoder of which all weights are fine-tuned.

    It is no public estimator: :class:`~amzest.PretrainedTextClassifier` validates texts
    and columns, holds it as `network_` and predicts with it. It contains all that
    predictions need, weights and tokenizer included.

    Attributes
    ----------
    description_ : TextModelDescription
        How texts are encoded.
    fingerprint_ : str
        Hash of the files of the pretrained model.
    tokenizer_ : dict
        The tokenizer in the format of ``tokenizer.json``, and its padding.
    """

    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    dropout: float = 0.1
    max_epochs: int = 3
    calibrate: bool = False

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseNeuralClassifier._needed_attributes,
        "description_",
        "fingerprint_",
        "tokenizer_",
    )

    _largest_auto_batch: ClassVar[int] = 32
    _n_auto_steps: ClassVar[int] = 50

    def fit_for(
        self,
        owner: Any,
        cells: NDArray[np.object_],
        y: Any,
        sample_weight: Any = None,
        *,
        source: Source,
        fingerprint: str,
        description: TextModelDescription,
        embed: Callable[[NDArray[np.object_]], NDArray[np.float32]],
        arguments: dict[str, Any],
    ) -> FineTunedText:
        """Fine-tune the model of a source, which `embed` encodes texts with.

        `owner` is the estimator whose callbacks are called, with `arguments`, as if it
        were trained itself; after each epoch it gets the attributes that its method
        `_fitted_with` returns for a network.
        """
        self._owner, self._source = owner, source
        self.description_, self.fingerprint_ = description, fingerprint
        try:
            data = self._check_training_data(cells, y, sample_weight)
            vectors = embed(cells[data.rows])
            self._vectors = np.zeros((len(cells), vectors.shape[1]), dtype=np.float32)
            self._vectors[data.rows] = vectors
            self._fit_network(data, arguments)
        finally:
            for name in _ONLY_IN_FIT:
                self.__dict__.pop(name, None)
        return self

    # Hooks of the base class ---------------------------------------------------------

    def _name(self) -> str:
        return type(self._owner).__name__

    def _import_framework(self) -> None:
        import_transformers("Fine-tuning a pretrained model")
        check_installed("skorch", extra="pretrained", purpose="Fine-tuning")

    def _read(self, X: NDArray[np.object_], *, reset: bool) -> TokenizedCells:
        if reset:
            self.n_features_in_ = X.shape[1]
            tokenizer = make_text_tokenizer(self._source, self.description_)
            self.tokenizer_ = {
                "content": tokenizer.tokenizer.to_str(),
                "pad_id": tokenizer.pad_id,
                "n_prompt_tokens": tokenizer.n_prompt_tokens,
            }
            with opened(self._source) as folder:
                folder = Path(folder, self.description_.subfolder)
                self._config = read_config(folder)
        else:
            tokenizer = self._live_tokenizer()
        return tokenize_cells(X, tokenizer)

    def _live_tokenizer(self) -> TextTokenizer:
        """Return the tokenizer, rebuilt if it is not in the cache."""
        key = "text tokenizer", self.fingerprint_, self.description_.key
        tokenizer: TextTokenizer | None = CACHE.get(key)
        if tokenizer is None:
            import tokenizers

            state = dict(self.tokenizer_)
            live = tokenizers.Tokenizer.from_str(state.pop("content"))
            tokenizer = TextTokenizer(live, self.description_, **state)
            CACHE.put(key, tokenizer, 100 * live.get_vocab_size())
        return tokenizer

    def _prepare(
        self, read: TokenizedCells
    ) -> tuple[TokenizedCells, NDArray[np.bool_]]:
        return read, read.present

    def _learn_encoding(
        self,
        read: TokenizedCells,
        rows: NDArray[np.intp],
        weights: NDArray[np.float64],
    ) -> None:
        """Do nothing: the tokenizer is that of the pretrained model."""

    def _encode(self, read: TokenizedCells) -> Inputs:
        return read

    def _fit_other_part(
        self, rows: TrainingRows, seeds: dict[str, int]
    ) -> tuple[dict[Any, Any], None]:
        """Fit the last layer on the vectors of the encoder as it is before training.

        Training that starts from random weights of the last layer would first destroy
        features (Kumar et al., 2022, https://arxiv.org/abs/2202.10054).
        """
        vectors, targets = self._vectors[rows.train], rows.of(rows.train)
        self._last_layer = fit_last_layer(vectors, *targets, len(self.classes_))
        return {}, None

    def _groups(self, read: TokenizedCells) -> NDArray[np.integer[Any]]:
        return read.groups()

    def _default_calibration(self) -> Calibration:
        # So far below 0 it is an exponential function: the softmax of the logits.
        return Calibration((1.0,), -40.0)

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        description, n_columns = self.description_, self.n_features_in_
        return {
            "config": self._config,
            "n_cell_features": description.n_features,
            "n_columns": n_columns,
            "n_classes": n_classes,
            "pooling": description.pooling,
            "normalize": description.normalize,
            "n_prompt_tokens": self.tokenizer_["n_prompt_tokens"],
            "dropout": self.dropout,
            "n_features_out": description.n_features * n_columns,
        }

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.neural._skorch_engine import SkorchEngine

        options = dict(architecture)
        build = partial(_build_network, options.pop("config"))
        return SkorchEngine(build, options, settings)

    def _load_pretrained(self, engine: Any) -> None:
        network = load_text_network(self._source, self.description_.subfolder)
        weights = engine.get_weights()
        for name, tensor in network.state_dict().items():
            if (name := f"encoder.{name}") in weights:  # else a layer that is not used
                weights[name] = tensor.numpy()
        engine.set_weights(weights | self._last_layer.weights())

    # Callbacks of the owner ----------------------------------------------------------

    def _init_callback_context(self, **settings: Any) -> Any:
        context = self._owner._init_callback_context(**settings)
        return OwnerContext(context, self._owner, self, _ONLY_IN_FIT)


def _build_network(config: dict[str, Any], **options: Any) -> Any:
    """Build the untrained network from the content of config.json and other values."""
    import torch
    from transformers import CONFIG_MAPPING, AutoModel

    from amzest.pretrained._fine_tuned_network import FineTunedTextNetwork

    described = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    for name in _ATTENTION_DROPOUT:
        if hasattr(described, name):
            setattr(described, name, 0.0)
    encoder = AutoModel.from_config(described, dtype=torch.float32)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # no output used here depends on it
    return FineTunedTextNetwork(encoder, **options)
