"""How much slower is prediction than the forward pass of the network?

Batches: `predict_proba` on synthetic data is compared with the forward pass of the
fitted estimator's module, in inference mode, on the same batches, in the same order and
with the same threads. The input tensors are recorded from `predict_proba` beforehand. A
second baseline also encodes texts or decodes images with amzest's code; the difference
to it is the cost of validation, sorting and computing probabilities. The image network
predicts each image and its mirror image, and so does its baseline.

One row: time of a fitted pipeline for one row of a table, minus that of its forward
pass. First call: time to unpickle a pipeline in a new process and predict one row,
minus the time to import the framework. pandas and scikit-learn are imported before,
since a table and a pipeline require them. This part is skipped with ``--short``, which
also uses a single thread of torch, since waiting threads are most sensitive to other
processes.

Run with ``python benchmarks/bench_predict.py``.
"""

from __future__ import annotations

import pickle
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from checked_report import start_report
from networks import networks
from side_by_side import Report, make_parser, parse_arguments
from sklearn.pipeline import Pipeline, make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    make_products,
)
from amzest.text import _recent_texts

TEXT_NETWORKS = {f"text {name}": cls for name, cls in networks("text").items()}
IMAGE_NAME = "image CNN"
TEXT_COLUMNS = ["title", "description"]
IMAGE_SIZE = 64

#: Targets: fraction of the bare speed, milliseconds per row, seconds of the first call.
SPEED, TEXT_MS, IMAGE_MS, FIRST_CALL_S = 0.9, 3.0, 10.0, 1.0

FIRST_CALL = """
import pickle, sys, time
import pandas, sklearn.pipeline
start, work = time.perf_counter(), time.process_time()
with open(sys.argv[1], "rb") as file:
    pipeline, row = pickle.load(file)
pipeline.predict(row)
print(time.perf_counter() - start, time.process_time() - work)
"""
FRAMEWORK_IMPORT = """
import sys, time
import pandas, sklearn.pipeline
start, work = time.perf_counter(), time.process_time()
__import__(sys.argv[1])
print(time.perf_counter() - start, time.process_time() - work)
"""

Forward = Callable[[], None]


def bare_text(pipeline: Pipeline, X: Any) -> Forward:
    """Return the forward pass over the tensors that the module receives for X."""
    import torch

    module = pipeline[-1].net_.module_
    caught: list[tuple[Any, Any]] = []
    hook = module.register_forward_pre_hook(
        lambda _, inputs, named: caught.append((inputs, named)), with_kwargs=True
    )
    pipeline.predict_proba(X)
    hook.remove()
    if not caught:
        raise RuntimeError("predict_proba did not call the module.")

    def forward() -> None:
        module.eval()
        with torch.inference_mode():
            for inputs, named in caught:
                module(*inputs, **named)

    return forward


def encoded_text(pipeline: Pipeline, X: Any) -> Forward:
    """Return tokenization, encoding and the forward pass, without other steps."""
    import torch

    from amzest.neural._batches import prediction_batches

    classifier = pipeline[-1]
    module = classifier.net_.module_

    def forward() -> None:
        module.eval()
        inputs = classifier._encode(
            classifier._read(pipeline[:-1].transform(X), reset=False)
        )
        with torch.inference_mode():
            for rows in prediction_batches(np.arange(len(inputs)), inputs.sizes):
                module(**inputs.batch(rows))

    return forward


def bare_image(pipeline: Pipeline, X: Any) -> Forward:
    """Return the forward pass over preprocessed images."""
    import keras

    from amzest.neural._batches import prediction_batches

    model = pipeline[-1].net_.model_
    images = np.stack([np.asarray(image) for image in X["image"]])
    batches = [
        keras.ops.convert_to_tensor(view[rows].astype(np.float32))
        for view in (images, images[:, :, ::-1])
        for rows in prediction_batches(np.arange(len(X)), None)
    ]

    def forward() -> None:
        for batch in batches:
            model.predict_on_batch(batch)

    return forward


def encoded_image(pipeline: Pipeline, X: Any) -> Forward:
    """Return decoding and the forward pass, without other steps."""
    from amzest.neural._batches import prediction_batches

    classifier = pipeline[-1]
    model = classifier.net_.model_

    def forward() -> None:
        cells = classifier._read(pipeline[:-1].transform(X), reset=False)
        inputs = classifier._encode(cells)
        for view in range(inputs.n_views):
            for rows in prediction_batches(np.arange(len(inputs)), inputs.sizes):
                model.predict_on_batch(inputs.batch(rows, view=view))

    return forward


def measure_batches(
    report: Report, name: str, pipeline: Pipeline, X: Any, rivals: dict[str, Forward]
) -> None:
    """Compare `predict_proba` with each of the baselines."""

    def predict() -> int:
        pipeline.predict_proba(X)
        return len(X)

    def counted(forward: Forward) -> Callable[[], int]:
        def work() -> int:
            forward()
            return len(X)

        return work

    for place, (rival, forward) in enumerate(rivals.items()):
        report.compare(
            f"{name}, {len(X):,} rows",
            {"amzest": predict, rival: counted(forward)},
            reference=rival,
            target=None if place else SPEED,
        )


def measure_one(
    report: Report, name: str, pipeline: Pipeline, row: Any, forward: Forward, ms: float
) -> None:
    """Report the milliseconds that a pipeline adds to the forward pass of one row."""
    calls = {"amzest": lambda: pipeline.predict(row), "bare": forward}
    added, bare = [], []
    for _ in range(report.options.rounds):
        seconds: dict[str, list[float]] = {each: [] for each in calls}
        for _ in range(20 if report.options.short else 100):
            for each, call in calls.items():  # alternate after each call
                start = time.perf_counter()
                call()
                seconds[each].append(time.perf_counter() - start)
        ours, theirs = (1000 * statistics.median(each) for each in seconds.values())
        added.append(ours - theirs)
        bare.append(theirs)
    rival = f"bare ({statistics.median(bare):.2f} ms)"
    report.add(f"{name}, one row", added, rival=rival, target=ms, unit="ms")


def measure_first_call(
    report: Report, name: str, pipeline: Pipeline, row: Any, framework: str
) -> None:
    """Report the seconds of a first call, minus those of importing the framework."""

    def seconds_of(code: str, argument: str) -> list[float]:
        command = [sys.executable, "-c", code, argument]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [float(number) for number in done.stdout.split()[-2:]]

    with TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.pickle")
        path.write_bytes(pickle.dumps((pipeline, row)))
        seconds_of(FRAMEWORK_IMPORT, framework)  # warm up: read files from disk
        imports, calls = [], []
        for _ in range(max(3, report.options.rounds // 2)):
            imports.append(seconds_of(FRAMEWORK_IMPORT, framework))
            calls.append(seconds_of(FIRST_CALL, str(path)))
    added = np.subtract(calls, imports)  # (n_rounds, n_clocks)
    for place, clock in enumerate(("wall", "processor")):
        alone = statistics.median(each[place] for each in imports)
        report.add(
            f"{name}, first call, {clock} time",
            added[:, place].tolist(),
            rival=f"import {framework} ({alone:.2f} s)",
            target=None if place else FIRST_CALL_S,
            unit="s",
        )


def main() -> int:
    parser = make_parser(__doc__, short_rounds=5)
    parser.add_argument(
        "--n",
        type=int,
        help="number of rows (default: 4096; 1024 with 256 images if short)",
    )
    options = parse_arguments(parser)
    options.n = options.n or (1024 if options.short else 4096)
    report = start_report(__doc__.splitlines()[0], options)
    warnings.simplefilter("ignore")
    _recent_texts.MIN_CELLS = sys.maxsize  # do not cache the texts
    if options.short:
        import torch

        torch.set_num_threads(1)
    X, y = make_products(
        options.n, image_size=IMAGE_SIZE, return_X_y=True, random_state=0
    )
    texts, images = X[TEXT_COLUMNS], X[["image"]]
    if options.short:
        images = images[:256]
    some, row = slice(None, 1024), slice(None, 1)

    for name, network in TEXT_NETWORKS.items():
        classifier = network(max_epochs=1, random_state=0)
        pipeline = make_pipeline(ColumnSelector(TEXT_COLUMNS), classifier)
        pipeline.fit(texts[some], y[some])
        rivals = {
            "bare forward": bare_text(pipeline, texts),
            "encoding and bare forward": encoded_text(pipeline, texts),
        }
        measure_batches(report, name, pipeline, texts, rivals)
        if options.check is None:
            bare = bare_text(pipeline, texts[row])
            measure_one(report, name, pipeline, texts[row], bare, TEXT_MS)
        if not options.short:
            measure_first_call(report, name, pipeline, texts[row], "torch")

    classifier = ImageCNNClassifier(image_size=IMAGE_SIZE, max_epochs=1, random_state=0)
    pipeline = make_pipeline(ColumnSelector("image"), classifier)
    pipeline.fit(images[some], y[some][: len(images)])
    rivals = {
        "bare forward": bare_image(pipeline, images),
        "decoding and bare forward": encoded_image(pipeline, images),
    }
    measure_batches(report, IMAGE_NAME, pipeline, images, rivals)
    if options.check is None:
        bare = bare_image(pipeline, images[row])
        measure_one(report, IMAGE_NAME, pipeline, images[row], bare, IMAGE_MS)
    if not options.short:
        measure_first_call(report, IMAGE_NAME, pipeline, images[row], "keras")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
