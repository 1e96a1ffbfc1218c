"""The base class of all networks: parameters, hooks and fitting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence, Sized
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.neural._batches import resolve_batch_size
from amzest.neural._calibration import Calibration
from amzest.neural._engine import Engine, Inputs, TrainingSettings, Weights
from amzest.neural._estimator_dataclass import estimator_dataclass
from amzest.neural._holdout import HoldOut, join_hold_outs, plan_splits
from amzest.neural._live import keep_engine
from amzest.neural._prediction import NetworkPredictionMixin
from amzest.neural._start import Start
from amzest.neural._training import (
    BestEpoch,
    Trainer,
    TrainingData,
    TrainingRows,
    stratified_splits,
)
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    draw_seeds,
    owner_of,
)


@estimator_dataclass
class BaseNeuralClassifier(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    NetworkPredictionMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Base class of classifiers that train a network, for any kind of input.

    A subclass declares its parameters and defines how samples are read (`_read`,
    `_learn_encoding`, `_encode`) and which network classifies them (`_architecture`,
    `_build_engine`). Labels, weights, missing samples, the validation split, early
    stopping, callbacks and fitted state are handled here.

    Parameters
    ----------
    learning_rate : float
        Peak learning rate of AdamW. It increases linearly for the first tenth of all
        steps, then decreases to zero along a cosine.
    weight_decay : float
        Decoupled weight decay of weight matrices. Biases and normalisation parameters
        are not decayed.
    label_smoothing : float
        Part of the target probability that is spread evenly over all classes. Larger
        values make the network less confident.
    dropout : float
        Dropout rate before the last layer.
    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training
        set, up to a maximum.
    max_epochs : int
        Number of passes over the training samples, and the length of the learning rate
        schedule.
    class_weight : dict, "balanced" or None
        Weights of the classes in the loss: by label, or "balanced" for weights
        inversely proportional to the class frequencies.
    calibrate : bool
        Whether to fit twice: first without some samples, on which the number of epochs
        and the calibration of the probabilities are chosen, then on all samples. It
        takes about twice as long as one fit; with fewer than 3,000 samples up to three
        and a half times, because two or three fits without some samples come first.
        Without it, with `early_stopping` and with fewer than 100 samples there is one.
    early_stopping : bool
        Whether to hold out validation samples, stop when their accuracy no longer
        improves and restore the weights of the best epoch. The same samples serve for
        the calibration; the network is not fitted on them.
    validation_fraction : float
        Fraction of the samples held out by `calibrate` or `early_stopping`, stratified
        by class. `calibrate` holds out up to a fifth of small training sets, up to
        three times, until these are 600 samples.
    n_iter_no_change : int
        Number of epochs without improvement after which `early_stopping` stops.
    tol : float
        Smallest improvement of the validation accuracy (or, at equal accuracy, of the
        log loss) that counts for `n_iter_no_change`.
    device : str
        Device to compute on: "auto" (a GPU if available), "cpu", "cuda" or "cuda:1".
    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of training. Weights and predictions are always
        float32.
    random_state : int, RandomState instance or None
        Seed of initial weights, shuffling, dropout, augmentation and validation split.
        Pass an int for results that are identical on one machine. Global random number
        generators are not used.
    verbose : int or bool
        If above 0, print a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted class frequencies of the training samples.
    calibration_ : Calibration
        Weights and offset with which class probabilities are computed from the logits.
    n_iter_ : int
        Number of epochs that were run on all samples.
    loss_curve_ : list of float
        Mean training loss of each of these epochs.
    validation_scores_ : list of float or None
        Accuracy on the held-out samples after each epoch of the fit without them; None
        if there was none.
    net_ : object
        The framework's object around the network, rebuilt on demand.
    weights_ : dict of str to ndarray
        Parameters and buffers of the network by name.
    architecture_ : dict
        Plain values from which the network is rebuilt.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are
        strings.
    """

    learning_rate: float = 0.003
    weight_decay: float = 0.0
    label_smoothing: float = 0.1
    dropout: float = 0.5
    batch_size: int | str = "auto"
    max_epochs: int = 5
    class_weight: dict[Any, float] | str | None = None
    calibrate: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    tol: float = 0.0001
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    random_state: int | np.random.RandomState | None = None
    verbose: int | bool = 0

    #: First parameter of each topic -> the topic, for the list in the docstrings.
    _parameter_topics: ClassVar[dict[str, str]] = {
        "learning_rate": "Training",
        "calibrate": "Calibration and early stopping",
        "device": "Computation and reproducibility",
    }

    #: Values of the parameters with which the common tests fit the class quickly.
    _test_params: ClassVar[dict[str, Any]] = {}

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "weights_",
        "architecture_",
        "calibration_",
        "classes_",
        "class_prior_",
        "n_features_in_",
        "_n_features_out",
    )

    #: Batch size "auto": about this many steps per epoch, within these bounds.
    _smallest_auto_batch: ClassVar[int] = 8
    _largest_auto_batch: ClassVar[int] = 64
    _n_auto_steps: ClassVar[int] = 100

    #: Number of samples from which on they are calibrated, largest number of fits
    #: without some samples, and whether these choose the number of epochs.
    _min_calibration_samples: ClassVar[int] = 100
    _max_first_fits: ClassVar[int] = 3
    _choose_epochs: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "learning_rate": [Interval(Real, 0, np.inf, closed="neither")],
        "weight_decay": [Interval(Real, 0, np.inf, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "calibrate": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Hooks for subclasses ------------------------------------------------------------

    def _name(self) -> str:
        """Return the name of the estimator in messages."""
        return type(self).__name__

    @abstractmethod
    def _import_framework(self) -> None:
        """Import the framework, or raise an ImportError that names what to install."""

    @abstractmethod
    def _read(self, X: Any, *, reset: bool) -> Sized:
        """Validate `X` and convert it to one form; set feature names if `reset`."""

    def _prepare(self, read: Any) -> tuple[Any, NDArray[np.bool_]]:
        """Do what precedes all fits on parts of the samples.

        Returns the samples as `_learn_encoding` and `_encode` take them in place of
        those that `_read` returned, and which are not missing.
        """
        return read, np.ones(len(read), dtype=bool)

    @abstractmethod
    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn the preprocessing state, such as a vocabulary, from training rows."""

    @abstractmethod
    def _encode(self, read: Any) -> Inputs:
        """Encode samples for the network."""

    @abstractmethod
    def _architecture(self, n_classes: int) -> dict[str, Any]:
        """Describe the network in plain values; only here are its parameters read."""

    @abstractmethod
    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        """Build the untrained network from its description."""

    def _describe_missing(self, prepared: Any) -> str:
        """Return the reason why all samples are missing."""
        return "every cell is missing or blank."

    def _load_pretrained(self, engine: Any) -> None:
        """Load pretrained weights into the untrained network."""

    def _load_former(self, engine: Any, state: dict[str, Any]) -> None:
        """Load the weights of a former fit into the untrained network."""
        raise NotImplementedError

    def _groups(self, read: Any) -> NDArray[np.integer[Any]] | None:
        """Return a number for each sample, the same for equal ones, or None."""
        return None

    def _default_calibration(self) -> Calibration:
        """Return the calibration used if there are too few samples to learn it."""
        return Calibration((1.2,), -6.0)

    def _fit_other_part(
        self, rows: TrainingRows, seeds: dict[str, int]
    ) -> tuple[Mapping[Any, NDArray[np.float32]], Any]:
        """Fit a part beside the network.

        If there are held-out rows, return their scores for several candidates, and the
        best candidate on them.
        """
        return {}, None

    def _choose_candidate(self, hold_outs: Sequence[HoldOut]) -> Any:
        """Choose the candidate for the part beside the network, and return it."""
        return None

    def _other_scores(
        self, inputs: Any, rows: NDArray[np.intp]
    ) -> list[NDArray[np.float32]]:
        """Return the scores of the part beside the network, (n_rows, n_classes)."""
        return []

    def _count_features_out(self) -> int:
        """Return the number of columns of `transform`."""
        return int(self.architecture_["n_features_out"])

    # Fitting -----------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the network to the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Training samples, in the form described by the class.

        y : array-like of shape (n_samples,)
            Class labels: strings, integers, booleans or a pandas categorical.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid.
        ImportError
            If the framework of the network is not installed.
        """
        data = self._check_training_data(X, y, sample_weight)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._fit_network(data, {"X": X, "y": y, "metadata": metadata})
        return self

    def _check_training_data(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> TrainingData:
        """Validate parameters and training data; set classes and their frequencies."""
        self._validate_params()
        self._import_framework()
        read = self._read(X, reset=True)
        targets, weights = self._learn_labels(read, y, sample_weight)
        prepared, present = self._prepare(read)
        loss_weights = self._training_weights(
            weights, targets, present, self._describe_missing(prepared)
        )
        rows = np.flatnonzero((weights > 0) & present)
        seeds = draw_seeds(self.random_state)
        return TrainingData(prepared, targets, weights, loss_weights, rows, seeds)

    def _fit_network(self, data: TrainingData, arguments: dict[str, Any]) -> None:
        """Train on parts of the samples for the calibration, then on all of them."""
        splits = self._splits(data)
        stops_early = self.early_stopping and len(splits) > 0
        n_fits = 1 if stops_early else 1 + len(splits)
        n_epochs = self.max_epochs if data.start is None else data.start.max_epochs
        context = self._init_callback_context(max_subtasks=n_fits * n_epochs)
        context.call_on_fit_task_begin(estimator=self, **arguments)
        run = partial(self._run_epochs, context=context, arguments=arguments)
        self.calibration_ = self._prior_calibration(data.start)
        self.validation_scores_: list[float] | None = None
        if stops_early:
            trainer = self._start_training(data, *splits[0])
        else:
            hold_outs = []
            for train, held_out in splits:
                trainer = self._start_training(data, train, held_out)
                run(trainer, n_epochs, task_name="calibration epoch")
                if trainer.held_out is not None:
                    hold_outs.append(trainer.held_out)
                del trainer  # frees its memory
            if hold_outs:
                learnt = join_hold_outs(hold_outs, self._choose_candidate(hold_outs))
                if self._choose_epochs:
                    n_epochs = learnt.best_epoch + 1
                self.calibration_ = learnt.calibrations[:n_epochs][-1]
                self.validation_scores_ = learnt.scores
            trainer = self._start_training(data, data.rows, data.rows[:0])
        run(trainer, n_epochs, task_name="epoch")
        weights = trainer.finish()
        if trainer.held_out is not None:
            best: Any = trainer.best
            self.calibration_ = trainer.held_out.calibrations[best.epoch]
            self.validation_scores_ = trainer.held_out.scores
        self.__dict__.update(self._state_after(trainer, weights))
        keep_engine(owner_of(self), self.weights_, trainer.engine)
        context.call_on_fit_task_end(
            estimator=self, **arguments, reconstruction_attributes={}
        )

    def _splits(
        self, data: TrainingData
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Split the samples for early stopping or the calibration."""
        if data.start is not None:
            return self._split_unseen(data, data.start)
        rows, fraction, n_splits = data.rows, self.validation_fraction, 1
        if not self.early_stopping:
            fraction, n_splits = plan_splits(fraction, len(rows))
            n_splits = min(n_splits, self._max_first_fits)
            enough = n_splits and len(rows) >= self._min_calibration_samples
            # No sample can be held out if each class has only one.
            can_split = enough and np.bincount(data.targets[rows]).max() > 1
            if not (self.calibrate and can_split):
                return []
        return self._split_rows(data, rows, fraction, n_splits)

    def _split_unseen(
        self, data: TrainingData, start: Start
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Hold out samples that the former fit has not learned from, if enough.

        The network predicts the others too well to calibrate it on them.
        """
        seen = data.rows[start.seen[data.rows]]
        new = data.rows[~start.seen[data.rows]]
        groups = self._groups(data.read)
        if groups is not None:  # copies of seen samples
            new = new[~np.isin(groups[new], groups[seen])]
        wanted = self.early_stopping or (self.calibrate and start.recalibrates)
        enough = len(new) >= self._min_calibration_samples
        if not (wanted and enough and np.bincount(data.targets[new]).max() > 1):
            return []
        fraction = plan_splits(self.validation_fraction, len(new))[0]
        splits = self._split_rows(data, new, fraction, 1)
        return [(np.setdiff1d(data.rows, held), held) for _, held in splits]

    def _split_rows(
        self, data: TrainingData, rows: NDArray[np.intp], fraction: float, n_splits: int
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return stratified splits of some rows into training and held-out ones."""
        groups = self._groups(data.read)
        splits = stratified_splits(
            data.targets[rows],
            fraction,
            n_splits,
            data.seeds["split"],
            None if groups is None else groups[rows],
        )
        return [(rows[train], rows[held_out]) for train, held_out in splits]

    def _prior_calibration(self, start: Start | None) -> Calibration:
        return self._default_calibration() if start is None else start.calibration

    def _start_training(
        self, data: TrainingData, train: NDArray[np.intp], held_out: NDArray[np.intp]
    ) -> Trainer:
        """Encode the samples, fit the parts beside the network, and build it."""
        rows = self._prepare_rows(data, train, held_out)
        start = data.start
        candidates = self._fit_other_part(rows, data.seeds)
        self.architecture_ = self._architecture(len(self.classes_))
        self._n_features_out = self._count_features_out()
        engine = self._build_engine(self.architecture_, self._settings(data.seeds))
        self._load_pretrained(engine)
        if start is not None:
            self._load_former(engine, start.state)
        validation = None
        if n_held_out := len(rows.held_out):
            validation = HoldOut(
                rows.held_out,
                *rows.of(rows.held_out),
                self._prior_calibration(start),
                *candidates,
                *([] if start is None else [start.prior_samples(n_held_out)]),
            )
        return Trainer(
            engine,
            rows,
            batch_size=resolve_batch_size(
                self.batch_size,
                len(rows.train),
                smallest=self._smallest_auto_batch,
                largest=self._largest_auto_batch,
                n_steps=self._n_auto_steps,
            ),
            max_epochs=self.max_epochs if start is None else start.max_epochs,
            learning_rate=self.learning_rate,
            seeds=data.seeds,
            held_out=validation,
            best=BestEpoch(self.n_iter_no_change, self.tol)
            if self.early_stopping and validation is not None
            else None,
        )

    def _prepare_rows(
        self, data: TrainingData, train: NDArray[np.intp], held_out: NDArray[np.intp]
    ) -> TrainingRows:
        """Learn the encoding from the training rows, and encode all rows."""
        self._learn_encoding(data.read, train, data.weights)
        inputs = self._encode(data.read)
        held_out = held_out[data.loss_weights[held_out] > 0]
        return TrainingRows(inputs, data.targets, data.loss_weights, train, held_out)

    def _settings(self, seeds: dict[str, int]) -> TrainingSettings:
        return TrainingSettings(
            # Keras accepts no integers here.
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            label_smoothing=float(self.label_smoothing),
            seeds=seeds,
            device=self.device,
            precision=self.precision,
        )

    def _run_epochs(
        self,
        trainer: Trainer,
        n_epochs: int,
        *,
        context: Any,
        arguments: dict[str, Any],
        task_name: str,
    ) -> None:
        """Train, and call scikit-learn's callbacks around each epoch."""
        for _ in range(n_epochs):
            task = context.subcontext(task_name=task_name)
            task.call_on_fit_task_begin(estimator=self, **arguments)
            stop = trainer.run_epoch()
            self._print_epoch(trainer, task_name)
            stop |= task.call_on_fit_task_end(
                estimator=self,
                **arguments,
                reconstruction_attributes=lambda: self._state_after(trainer),
            )
            if stop:
                break

    def _state_after(
        self, trainer: Trainer, weights: Weights | None = None
    ) -> dict[str, Any]:
        """Return the fitted attributes as of the last epoch, or with given weights."""
        state = {
            "weights_": trainer.engine.get_weights() if weights is None else weights,
            "n_iter_": len(trainer.loss_curve),
            "loss_curve_": list(trainer.loss_curve),
        }
        if weights is None and trainer.held_out is not None:
            state["calibration_"] = trainer.held_out.calibrations[-1]
            state["validation_scores_"] = list(trainer.held_out.scores)
        return state

    def _print_epoch(self, trainer: Trainer, task_name: str) -> None:
        if not self.verbose:
            return
        line = f"{task_name.capitalize()} {len(trainer.loss_curve)}/{self.max_epochs}"
        line += f", loss = {trainer.loss_curve[-1]:.4f}"
        if trainer.held_out is not None:
            line += f", validation score = {trainer.held_out.scores[-1]:.4f}"
        print(f"[{self._name()}] {line}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
