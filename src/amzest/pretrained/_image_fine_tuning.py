"""The training parameters of an image classifier that fine-tunes its network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.neural import BaseNeuralClassifier, estimator_dataclass
from amzest.pretrained._embedding_cache import open_cache
from amzest.pretrained._fine_tuned_image import FineTunedImage
from amzest.pretrained._fine_tuning import PASSED_ON, FineTunedAttributesMixin
from amzest.pretrained._image_input import PretrainedImageInput
from amzest.pretrained._image_reading import ImageColumn
from amzest.utils import reading_with

if TYPE_CHECKING:
    from amzest.pretrained._feature_maps import FeatureMaps
    from amzest.pretrained._live_parts import LiveParts

#: Images that are predicted at a time, to limit the memory of their feature maps.
_ROWS_PER_PART = 512


@estimator_dataclass
class ImageFineTuning(PretrainedImageInput, FineTunedAttributesMixin):
    """Train the last blocks of a network of images, with an integer `trainable`.

    Parameters
    ----------
    trainable : "head" or int
        What is trained: a classifier of the feature vectors alone, or also this number
        of blocks of the network, the last ones. The feature maps before these blocks
        are computed once for each image. ONNX files and Keras applications are used
        with "head" only. The parameters below are used with an integer only, except
        `class_weight`, `warm_start` and `random_state`.

    blocks : "auto", str or sequence of str
        The blocks of the network that `trainable` counts: the name of a list of blocks
        among its submodules, or the names of all blocks in the order of computation.
        "auto" is the outermost list with the most parameters: the layers of a vision
        transformer, the stages or blocks of a convolutional network.

    augmentation : bool
        Whether to train on mirror images as well, and to average predictions over an
        image and its mirror image.

    max_memory : int
        Feature maps of one fit or prediction up to this many MiB are kept in memory;
        more are written to temporary files.

    learning_rate : float
        Peak learning rate of AdamW. It increases linearly for the first tenth of all
        steps, then decreases to zero along a cosine.

    weight_decay : float
        Decoupled weight decay of weight matrices.

    label_smoothing : float
        Part of the target probability that is spread evenly over all classes.

    dropout : float
        Dropout rate before the last layer. Those within the network are its own.

    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training set,
        from 16 to 32.

    max_epochs : int
        Number of passes over the training samples, and the length of the learning rate
        schedule.

    calibrate : bool
        Whether to fit twice: first without some samples, on which the calibration of
        the probabilities is learnt, then on all samples. With fewer than 100 samples
        there is one fit.

    early_stopping : bool
        Whether to hold out validation samples, stop when their accuracy no longer
        improves and restore the weights of the best epoch. The same samples serve for
        the calibration; the network is not fitted on them.

    validation_fraction : float
        Fraction of the samples held out by `calibrate` or `early_stopping`, stratified
        by class. Equal images are held out together.

    n_iter_no_change : int
        Number of epochs without improvement after which `early_stopping` stops.

    tol : float
        Smallest improvement of the validation accuracy (or, at equal accuracy, of the
        log loss) that counts for `n_iter_no_change`.

    verbose : int or bool
        If above 0, print a line per epoch of fine-tuning.

    class_weight : dict, "balanced" or None
        Weights of the classes in the loss: by label, or "balanced" for weights
        inversely proportional to the class frequencies.

    warm_start : bool
        Whether `fit` reuses the hyperparameters of the head of a former fit with more
        than half as many samples, instead of choosing them again. Only with
        ``trainable="head"``.

    random_state : int, RandomState instance or None
        Seed of all random numbers of the fit: held-out samples, shuffling, dropout.
        Pass an int for identical results. Global random number generators are not used.

    Attributes
    ----------
    network_ : FineTunedImage or None
        The trained blocks, with an integer `trainable`.

    calibration_ : Calibration
        Weight and offset with which class probabilities are computed from the logits,
        with an integer `trainable`.

    n_iter_ : int
        Number of epochs that were run on all samples, with an integer `trainable`.

    loss_curve_ : list of float
        Mean training loss of each of these epochs, with an integer `trainable`.

    validation_scores_ : list of float or None
        Accuracy on the held-out samples after each epoch of the fit without them, with
        an integer `trainable`; None if there was none.

    weights_ : dict of str to ndarray
        Weights that were trained, by name, with an integer `trainable`.

    net_ : skorch.NeuralNet
        The trained blocks as a skorch object, rebuilt on demand, with an integer
        `trainable`.
    """

    trainable: int | str = "head"
    blocks: str | Sequence[str] = "auto"
    augmentation: bool = True
    max_memory: int = 1024
    learning_rate: float = 0.0003
    weight_decay: float = 0.0
    label_smoothing: float = 0.1
    dropout: float = 0.2
    batch_size: int | str = "auto"
    max_epochs: int = 8
    calibrate: bool = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    tol: float = 0.0001
    verbose: int | bool = 0
    class_weight: dict[Any, float] | str | None = None
    warm_start: bool = False
    random_state: int | np.random.RandomState | None = None

    _parameter_topics: ClassVar[dict[str, str]] = {
        **PretrainedImageInput._parameter_topics,
        "trainable": "Fine-tuning",
        "class_weight": "Training",
        "warm_start": "Incremental learning",
        "random_state": "Reproducibility",
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PretrainedImageInput._parameter_constraints,
        **{
            name: BaseNeuralClassifier._parameter_constraints[name]
            for name in PASSED_ON
        },
        "trainable": [
            StrOptions({"head"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "blocks": [str, list, tuple],
        "augmentation": ["boolean"],
        "warm_start": ["boolean"],
        "max_memory": [Interval(Integral, 0, None, closed="left")],
    }

    def _fine_tune(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Fit the last blocks, and report their epochs to the callbacks."""
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        cells = self._read(X, reset=True)
        self._learn_model()
        parts_of = self._parts_of(None)
        network = FineTunedImage(**{name: getattr(self, name) for name in PASSED_ON})

        def compute_maps(column: ImageColumn) -> FeatureMaps:
            maps = self._feature_maps(column, np.arange(len(column)), parts_of())
            column.warn()
            return maps

        network.fit_for(
            self,
            self._column(cells),
            y,
            sample_weight,
            parts_of=parts_of,
            compute_maps=compute_maps,
            arguments={"X": X, "y": y, "metadata": metadata},
        )
        self.__dict__.update(self._fitted_with(network))

    def _fitted_with(self, network: FineTunedImage) -> dict[str, Any]:
        """Return the attributes of this estimator with a network."""
        return {
            "network_": network,
            "head_": None,
            "classes_": network.classes_,
            "class_prior_": network.class_prior_,
            "_n_features_out": network._n_features_out,
        }

    def _fine_tuned(self) -> Any:
        """Return the network with the frozen part, from which it is rebuilt."""
        parts_of = self._parts_of(self.network_.architecture_["block"])
        return reading_with(self.network_, _parts_of=parts_of)

    # The parts of the network --------------------------------------------------------

    def _parts_of(self, block: str | None) -> Callable[[], LiveParts]:
        """Return a function that returns the parts of the network, cut before a block.

        None is the first of the last blocks that `trainable` counts.
        """
        from amzest.pretrained._live_parts import choose_block, live_parts

        source, settings = self._source(), self._model_settings()
        if block is None:
            block = choose_block(
                source,
                settings,
                self.device,
                blocks=self.blocks,
                n_trained=int(self.trainable),
            )
        return partial(live_parts, source, settings, self.device, block)

    def _feature_maps(
        self, column: ImageColumn, rows: NDArray[np.intp], parts: LiveParts
    ) -> FeatureMaps:
        from amzest.pretrained._feature_maps import compute_feature_maps

        return compute_feature_maps(
            column,
            rows,
            parts,
            cache=open_cache(self.cache),
            mirrored=self.augmentation,
            max_memory=int(self.max_memory) * 2**20,
        )

    def _maps_by_part(
        self, column: ImageColumn, network: Any
    ) -> Iterator[tuple[NDArray[np.intp], FeatureMaps]]:
        """Yield consecutive rows and their feature maps, to limit the memory."""
        parts = network._parts_of()
        for start in range(0, len(column), _ROWS_PER_PART):
            rows = np.arange(start, min(start + _ROWS_PER_PART, len(column)))
            yield rows, self._feature_maps(column, rows, parts)
        column.warn()
