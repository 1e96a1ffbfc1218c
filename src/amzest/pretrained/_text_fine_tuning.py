"""The training parameters of a text classifier that fine-tunes its encoder."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import StrOptions

from amzest.neural import (
    BaseNeuralClassifier,
    estimator_dataclass,
)
from amzest.pretrained._fine_tuned_text import FineTunedText
from amzest.pretrained._fine_tuning import PASSED_ON, FineTunedAttributesMixin
from amzest.pretrained._model_folder import has_onnx_weights
from amzest.pretrained._text_input import PretrainedTextInput
from amzest.utils import shown


@estimator_dataclass
class TextFineTuning(PretrainedTextInput, FineTunedAttributesMixin):
    """Train all layers of an encoder, with ``trainable="all"``.

    Parameters
    ----------
    trainable : {"head", "all"}
        What is fitted. "head" fits a classifier of the vectors that the encoder
        computes, without changing the encoder. "all" fine-tunes all layers of the
        encoder, but not its embedding table, and a linear layer on top of them. It
        takes many times longer, and the fitted estimator contains the weights. The
        parameters of the training are used with "all" only.
    class_weight : dict, "balanced" or None
        Weights of the classes in the loss: by label, or "balanced" for weights
        inversely proportional to the class frequencies.
    learning_rate : float
        Peak learning rate of AdamW. It increases linearly for the first tenth of all
        steps, then decreases to zero along a cosine.
    weight_decay : float
        Decoupled weight decay of weight matrices.
    label_smoothing : float
        Part of the target probability that is spread evenly over all classes.
    dropout : float
        Dropout rate before the last layer. Those within the encoder are in its files;
        there is none of attention weights.
    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training
        set, up to 32. Batches of long texts are computed in parts, to limit memory.
    max_epochs : int
        Number of passes over the training samples, and the length of the learning rate
        schedule.
    calibrate : bool
        Whether to fit twice: first without some samples, on which the number of epochs
        and the calibration of the probabilities are chosen, then on all samples. With
        fewer than 3,000 samples it takes up to three and a half times as long as one
        fit.
    early_stopping : bool
        Whether to hold out validation samples, stop when their accuracy no longer
        improves and restore the weights of the best epoch. The same samples serve for
        the calibration; the network is not fitted on them.
    validation_fraction : float
        Fraction of the samples held out by `calibrate` or `early_stopping`, stratified
        by class.
    n_iter_no_change : int
        Number of epochs without improvement after which `early_stopping` stops.
    tol : float
        Smallest improvement of the validation accuracy (or, at equal accuracy, of the
        log loss) that counts for `n_iter_no_change`.
    verbose : int or bool
        If above 0, print a line per epoch of fine-tuning.
    warm_start : bool
        Whether `fit` reuses the hyperparameters of the head of a former fit with more
        than half as many samples, instead of choosing them again. Only with
        ``trainable="head"``.
    random_state : int, RandomState instance or None
        Seed of all random numbers of the fit: held-out samples, shuffling, dropout.
        Pass an int for identical results. Global random number generators are not used.

    Attributes
    ----------
    network_ : FineTunedText or None
        The fine-tuned network, with ``trainable="all"``. It contains weights and
        tokenizer: the files of the model are not needed any more.
    calibration_ : Calibration
        Weight and offset with which class probabilities are computed from the logits,
        with ``trainable="all"``.
    n_iter_ : int
        Number of epochs that were run on all samples, with ``trainable="all"``.
    loss_curve_ : list of float
        Mean training loss of each of these epochs, with ``trainable="all"``.
    validation_scores_ : list of float or None
        Accuracy on the held-out samples after each epoch of the fit without them, with
        ``trainable="all"``; None if there was none.
    weights_ : dict of str to ndarray
        Parameters and buffers of the fine-tuned network by name, with
        ``trainable="all"``.
    net_ : skorch.NeuralNet
        The fine-tuned network as a skorch object, rebuilt on demand, with
        ``trainable="all"``.
    """

    trainable: Literal["head", "all"] = "head"
    class_weight: dict[Any, float] | str | None = None
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    dropout: float = 0.1
    batch_size: int | str = "auto"
    max_epochs: int = 3
    calibrate: bool = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    tol: float = 0.0001
    verbose: int | bool = 0
    warm_start: bool = False
    random_state: int | np.random.RandomState | None = None

    _parameter_topics: ClassVar[dict[str, str]] = {
        **PretrainedTextInput._parameter_topics,
        "trainable": "Training",
        "learning_rate": 'Training with trainable="all"',
        "warm_start": "Incremental learning",
        "random_state": "Reproducibility",
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PretrainedTextInput._parameter_constraints,
        **{
            name: BaseNeuralClassifier._parameter_constraints[name]
            for name in PASSED_ON
        },
        "trainable": [StrOptions({"head", "all"})],
        "warm_start": ["boolean"],
    }

    def _fine_tune(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Fit the whole network, and report its epochs to the callbacks."""
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        cells = self._read(X, reset=True)
        self._learn_model(cells.shape[1], pack=False)
        source = self._source()
        if has_onnx_weights(source):
            raise ValueError(
                f'trainable="all" needs a model with safetensors weights, but `model` '
                f"is {shown(self.model_)}, an ONNX model, which cannot be trained."
            )
        network = FineTunedText(**{name: getattr(self, name) for name in PASSED_ON})
        network.fit_for(
            self,
            cells,
            y,
            sample_weight,
            source=source,
            fingerprint=self.fingerprint_,
            description=self.description_,
            embed=self._embed,
            arguments={"X": X, "y": y, "metadata": metadata},
        )
        self.__dict__.update(self._fitted_with(network))

    def _fitted_with(self, network: FineTunedText) -> dict[str, Any]:
        """Return the attributes of this estimator with a network."""
        return {
            "network_": network,
            "head_": None,
            "classes_": network.classes_,
            "class_prior_": network.class_prior_,
        }
