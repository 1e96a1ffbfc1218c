"""How fast do the image networks train, compared with plain Keras?

In memory: `fit` on arrays is compared with ``keras.Model.fit`` of the same network with
the same batches and loss, without augmentation and with augmentation, for which the
baseline uses Keras' RandomFlip, RandomZoom and RandomTranslation. Each round builds and
trains a new network, so that building and tracing are included.

From JPEG files: the first epoch, including decoding, is compared with a network that
reads from ``keras.utils.image_dataset_from_directory`` with cache and prefetch; later
epochs are compared with the same epochs on arrays in memory.

Options: the effect of bfloat16, batch normalization, Keras' XLA and several steps per
execution. Skipped with ``--short``.

Run with ``python benchmarks/bench_train_images.py``.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from checked_report import start_report
from networks import networks
from side_by_side import (
    Report,
    Work,
    make_parser,
    parse_arguments,
    ratios_of,
    take_turns,
)

from amzest import ImageCNNClassifier, clear_cache

NETWORKS = networks("image")
N_CLASSES, BATCH_SIZE, SIDE = 10, 32, 300

#: Targets: speed relative to Keras in memory, in the first epoch and in later ones.
IN_MEMORY, FIRST_EPOCH, LATER_EPOCHS = 0.97, 1.0, 0.95


def draw_arrays(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
    return X, np.arange(n) % N_CLASSES


def write_images(
    folder: Path, n: int, side: int = SIDE
) -> tuple[list[str], np.ndarray]:
    """Write smooth JPEG images with a little noise, one folder per class."""
    from PIL import Image

    rng = np.random.default_rng(0)
    y = np.arange(n) % N_CLASSES
    paths = []
    for i, label in enumerate(y):
        small = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        pixels = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
        pixels = pixels + rng.normal(0, 6, pixels.shape)
        path = folder / str(label) / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=85)
        paths.append(str(path))
    return paths, y


class Keras:
    """The network of a classifier, trained by Keras alone."""

    def __init__(self, classifier: Any, *, augmentation: bool = False) -> None:
        import keras

        self.keras = keras
        X, y = draw_arrays(4 * N_CLASSES)
        fitted = classifier(max_epochs=1, random_state=0).fit(X, y)
        architecture = dict(fitted.architecture_)
        self._network = architecture.pop("network")
        self._architecture = architecture
        self._augmentation = augmentation

    def build(self, **options: Any) -> Any:
        from amzest.image._networks import NETWORKS

        keras = self.keras
        model = NETWORKS[self._network](**self._architecture, seed=0)
        if self._augmentation:
            varied = [
                keras.Input((64, 64, 3)),
                keras.layers.RandomFlip("horizontal", seed=0),
                keras.layers.RandomZoom(0.15, seed=1),
                keras.layers.RandomTranslation(0.1, 0.1, seed=2),
            ]
            model = keras.Sequential([*varied, model])
        model.compile(
            optimizer=keras.optimizers.AdamW(0.003, weight_decay=0.02),
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=0.1
            ),
            **options,
        )
        return model

    def fit(self, X: np.ndarray, y: np.ndarray, n_epochs: int, **options: Any) -> None:
        self.build(**options).fit(
            X.astype(np.float32),
            np.eye(N_CLASSES, dtype=np.float32)[y],
            batch_size=BATCH_SIZE,
            epochs=n_epochs,
            verbose=0,
        )

    def first_epoch_from(self, folder: Path) -> None:
        data = self.keras.utils.image_dataset_from_directory(
            folder,
            label_mode="categorical",
            image_size=(64, 64),
            batch_size=BATCH_SIZE,
            seed=0,
            verbose=False,
        )
        data = data.cache().prefetch(os.cpu_count() or 1)
        self.build().fit(data, epochs=1, verbose=0)


def steady(fit: Any, n: int, n_epochs: int) -> Work:
    """Return a fit of some epochs."""

    def work() -> int:
        fit(n_epochs)
        return n * n_epochs

    return work


def ours(classifier: Any, X: Any, y: np.ndarray, **settings: Any) -> Any:
    def fit(n_epochs: int) -> None:
        classifier(
            max_epochs=n_epochs, batch_size=BATCH_SIZE, random_state=0, **settings
        ).fit(X, y)

    return fit


def compare_in_memory(report: Report, n: int, n_epochs: int) -> None:
    X, y = draw_arrays(n)
    names = ["CNN"] if report.options.short else list(NETWORKS)
    for name in names:
        classifier = NETWORKS[name]
        for augmentation in (False, True):
            rival = Keras(classifier, augmentation=augmentation)
            contenders = {
                "amzest": ours(classifier, X, y, augmentation=augmentation),
                "Keras": lambda n_epochs, rival=rival: rival.fit(X, y, n_epochs),
            }
            if not report.options.short:
                contenders["amzest in bfloat16"] = ours(
                    classifier, X, y, augmentation=augmentation, precision="bfloat16"
                )
            label = "with" if augmentation else "without"
            report.compare(
                f"{name} {label} augmentation",
                {each: steady(fit, n, n_epochs) for each, fit in contenders.items()},
                reference="Keras",
                target=IN_MEMORY,
                clock="processor",
                warm_up=False,
            )


def compare_files(report: Report, n: int, n_epochs: int) -> None:
    classifier, rival = ImageCNNClassifier, Keras(ImageCNNClassifier)

    class Clock:
        """Records the end times of epochs."""

        def __init__(self) -> None:
            self.ends: list[float] = []

        def setup(self, estimator: Any, context: Any) -> None: ...

        def teardown(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_begin(self, estimator: Any, context: Any, **told: Any) -> None:
            self.ends.append(time.process_time())

        def on_fit_task_end(self, estimator: Any, context: Any, **told: Any) -> bool:
            self.ends.append(time.process_time())
            return False

    def later_epochs(X: Any) -> float:
        model = classifier(
            augmentation=False,
            batch_size=BATCH_SIZE,
            max_epochs=1 + n_epochs,
            random_state=0,
        )
        clock = Clock()
        model.set_callbacks(clock).fit(X, y)
        # Beginning of the fit, then beginning and end of each epoch, then its end.
        return clock.ends[-2] - clock.ends[2]

    with TemporaryDirectory() as folder:
        paths, y = write_images(Path(folder), n)
        fit = ours(classifier, paths, y, augmentation=False)

        def first_epoch() -> int:
            clear_cache()
            fit(1)
            return n

        def first_epoch_of_keras() -> int:
            rival.first_epoch_from(Path(folder))
            return n

        report.compare(
            "CNN, first epoch from JPEG files",
            {"amzest": first_epoch, "Keras": first_epoch_of_keras},
            reference="Keras",
            target=FIRST_EPOCH,
            clock="processor",
            warm_up=False,
        )
        if report.options.short:
            return
        X, _ = draw_arrays(n)
        pairs = [
            (later_epochs(paths), later_epochs(X)) for _ in range(report.options.rounds)
        ]
        report.add(
            "CNN, later epochs from JPEG files",
            [in_memory / from_files for from_files, in_memory in pairs],
            rival="arrays in memory",
            target=LATER_EPOCHS,
            better="higher",
        )


def compare_choices(report: Report, n: int, n_epochs: int) -> None:
    """Measure the effect of Keras' options on the CNN."""
    import keras

    X, y = draw_arrays(n)
    rival = Keras(ImageCNNClassifier)
    normalise = keras.layers.BatchNormalization

    def fit_with(**options: Any) -> Work:
        return steady(
            lambda n_epochs: rival.fit(X, y, n_epochs, **options), n, n_epochs
        )

    def in_bfloat16() -> int:
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            return int(fit_with()() or 0)
        finally:
            keras.config.set_dtype_policy(policy)

    def without_normalisation() -> int:
        keras.layers.BatchNormalization = lambda **_: keras.layers.Identity()
        try:
            return int(fit_with()() or 0)
        finally:
            keras.layers.BatchNormalization = normalise

    contenders = {
        "mixed bfloat16": in_bfloat16,
        "no batch normalisation": without_normalisation,
        "XLA": fit_with(jit_compile=True),
        "8 steps per execution": fit_with(steps_per_execution=8),
        "Keras": fit_with(),
    }
    turns = take_turns(contenders, report.options.rounds, warm_up=False)
    for name in list(contenders)[:-1]:
        ratios = ratios_of(turns[name], turns["Keras"], clock="processor")
        report.add(f"Keras with {name}", ratios, rival="Keras", better="higher")


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--n", type=int, help="number of images")
    parser.add_argument("--epochs", type=int, help="epochs of each fit")
    options = parse_arguments(parser)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    warnings.simplefilter("ignore")
    n = options.n or (160 if options.short else 960)
    n_epochs = options.epochs or (1 if options.short else 3)
    report = start_report(__doc__.splitlines()[0], options)
    compare_in_memory(report, n, n_epochs)
    compare_files(report, n, n_epochs)
    if not options.short:
        compare_choices(report, n, n_epochs)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
