"""How much does predicting cost on top of the bare forward pass of the network?

In batches: `predict_proba` of made products against the network's own forward pass.
The rival is the very module inside the fitted estimator, in inference mode, on the same
batches in the same order with the same threads. Its tensors are prepared beforehand:
those that `predict_proba` handed to the module, caught on their way. Turning text into
numbers, or decoding photos, is part of predicting in amzest, so there is a second rival
that does this too, by amzest's own code, and nothing else: what is lost to it goes into
checks, ordering and probabilities. An image network looks at a photo and at its mirror
image, and so does its rival.

One product: a row of a table through a fitted pipeline, in milliseconds more than the
bare forward pass of that row. First call: a pipeline is unpickled in a new process and
predicts one product, less the time in which a new process imports the framework.
pandas and scikit-learn are imported before the clock starts, since whoever has a table
and a pipeline has them. Left out with ``--short``, which also keeps torch to one
thread: what other work on the machine disturbs most is threads waiting for each other.

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
from networks import networks
from side_by_side import Report, make_parser, parse_arguments, ratios_of, take_turns
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

#: Targets: share of the bare speed, milliseconds of one row, seconds of a first call.
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
    """Return the forward pass over the tensors that the module is given for X."""
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
    """Return tokenising, encoding and the forward pass, without anything around it."""
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
    """Return the forward pass over photos that are floats of the right size already."""
    import keras

    from amzest.neural._batches import prediction_batches

    model = pipeline[-1].net_.model_
    photos = np.stack([np.asarray(photo) for photo in X["image"]])
    batches = [
        keras.ops.convert_to_tensor(view[rows].astype(np.float32))
        for view in (photos, photos[:, :, ::-1])
        for rows in prediction_batches(np.arange(len(X)), None)
    ]

    def forward() -> None:
        for batch in batches:
            model.predict_on_batch(batch)

    return forward


def encoded_image(pipeline: Pipeline, X: Any) -> Forward:
    """Return decoding and the forward pass, without anything around it."""
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
    """Compare `predict_proba` with each of the rivals."""

    def predict() -> int:
        pipeline.predict_proba(X)
        return len(X)

    def counted(forward: Forward) -> Callable[[], int]:
        def work() -> int:
            forward()
            return len(X)

        return work

    contenders = {"amzest": predict}
    contenders |= {rival: counted(forward) for rival, forward in rivals.items()}
    turns = take_turns(contenders, report.options.rounds)
    for place, rival in enumerate(rivals):
        report.add(
            f"{name}, {len(X):,} rows, {rival}",
            ratios_of(turns["amzest"], turns[rival]),
            rival=rival,
            target=None if place else SPEED,
            better="higher",
            units_per_second={
                each: statistics.median(turn.units / turn.wall for turn in turns[each])
                for each in ("amzest", rival)
            },
        )


def measure_one(
    report: Report, name: str, pipeline: Pipeline, row: Any, forward: Forward, ms: float
) -> None:
    """Report the milliseconds that a pipeline adds to one row's forward pass."""
    calls = {"amzest": lambda: pipeline.predict(row), "bare": forward}
    added, bare = [], []
    for _ in range(report.options.rounds):
        seconds: dict[str, list[float]] = {each: [] for each in calls}
        for _ in range(20 if report.options.short else 100):
            for each, call in calls.items():  # in turns, call by call
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
    """Report the seconds that a first call takes beyond the framework's import."""

    def seconds_of(code: str, argument: str) -> list[float]:
        command = [sys.executable, "-c", code, argument]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [float(number) for number in done.stdout.split()[-2:]]

    with TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.pickle")
        path.write_bytes(pickle.dumps((pipeline, row)))
        seconds_of(FRAMEWORK_IMPORT, framework)  # files come from the disk
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
        "--n", type=int, help="products in batches (default: 4096, or 1024 if short)"
    )
    options = parse_arguments(parser)
    options.n = options.n or (1024 if options.short else 4096)
    report = Report(__doc__.splitlines()[0], options)
    warnings.simplefilter("ignore")
    _recent_texts.MIN_CELLS = sys.maxsize  # texts to predict are new ones
    if options.short:
        import torch

        torch.set_num_threads(1)
    X, y = make_products(
        options.n, image_size=IMAGE_SIZE, return_X_y=True, random_state=0
    )
    texts, photos = X[TEXT_COLUMNS], X[["image"]]
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
        bare = bare_text(pipeline, texts[row])
        measure_one(report, name, pipeline, texts[row], bare, TEXT_MS)
        if not options.short:
            measure_first_call(report, name, pipeline, texts[row], "torch")

    classifier = ImageCNNClassifier(image_size=IMAGE_SIZE, max_epochs=1, random_state=0)
    pipeline = make_pipeline(ColumnSelector("image"), classifier)
    pipeline.fit(photos[some], y[some])
    rivals = {
        "bare forward": bare_image(pipeline, photos),
        "decoding and bare forward": encoded_image(pipeline, photos),
    }
    measure_batches(report, IMAGE_NAME, pipeline, photos, rivals)
    bare = bare_image(pipeline, photos[row])
    measure_one(report, IMAGE_NAME, pipeline, photos[row], bare, IMAGE_MS)
    if not options.short:
        measure_first_call(report, IMAGE_NAME, pipeline, photos[row], "keras")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
