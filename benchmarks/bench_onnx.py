"""How much faster is a text encoder in ONNX Runtime, and does it stay accurate?

MiniLM (``make test-pretrained`` installs it once; skipped otherwise) encodes synthetic
titles in torch, exported to ONNX in float32, and in int8. Processor times are compared,
with one thread each, so that processors without VNNI or bfloat16 instructions gain less
than others. Then a new process predicts with each of them: its memory, and the
processor time of its imports, of loading the encoder and of the first predictions.

If the folder that AMZEST_DATA names contains product tables, the out-of-fold accuracy
of heads on the vectors is compared, and that of heads that were fitted with torch and
predict with an export. Run with ``python benchmarks/bench_onnx.py``.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from pretrained_models import text_encoder_folder
from side_by_side import Report, make_parser, parse_arguments
from sklearn.model_selection import StratifiedKFold

from amzest import make_products
from amzest.pretrained import (
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    export_onnx,
)

TORCH, FLOAT32, INT8 = "torch float32", "ONNX float32", "ONNX int8"
MAX_LENGTH = 128
#: Targets: speed against torch, loss of accuracy in points.
SPEED, LOSS = 1.2, 0.5
#: Tables by folder, with the column of the category.
TABLES = {"amazon10": "category", "flipkart": "category"}
N_ROWS, N_FOLDS = 3_000, 5

NEW_PROCESS = """
import pickle, sys, time
import pandas
import psutil
process = psutil.Process()
base, start = process.memory_info().rss, time.process_time()
with open(sys.argv[1], "rb") as file:
    classifier, titles = pickle.load(file)
classifier.predict(titles[:1])
first = time.process_time() - start
classifier.predict(titles)
print(process.memory_info().rss / 2**20, base / 2**20, first)
"""


def compare_speeds(report: Report, models: dict[str, Path], n: int) -> None:
    X, _ = make_products(n, image_size=8, return_X_y=True, random_state=0)
    titles = [f"{title} {i}" for i, title in enumerate(X["title"].fillna("shoe"))]

    def work(model: Path):
        encoder = PretrainedTextEncoder(
            model, cache=False, max_length=MAX_LENGTH, precision="auto"
        ).fit(titles)

        def encode() -> int:
            return len(encoder.transform(titles))

        return encode

    contenders = {name: work(models[name]) for name in (INT8, FLOAT32, TORCH)}
    report.compare(
        f"encode {n:,} titles",
        contenders,
        reference=TORCH,
        target=SPEED,
        clock="processor",
    )


def measure_new_processes(report: Report, models: dict[str, Path], folder: str) -> None:
    X, y = make_products(500, image_size=8, return_X_y=True, random_state=0)
    titles = X["title"].fillna("shoe").tolist()
    for name, model in models.items():
        clf = PretrainedTextClassifier(model, max_length=MAX_LENGTH, random_state=0)
        path = Path(folder, "fitted.pickle")
        path.write_bytes(pickle.dumps((clf.fit(titles, y), titles)))
        done = subprocess.run(
            [sys.executable, "-c", NEW_PROCESS, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        memory, base, first = map(float, done.stdout.split())
        report.add(f"memory of a process, {name}", memory, unit="MiB")
        report.add(
            f"memory of its encoder and libraries, {name}", memory - base, unit="MiB"
        )
        report.add(f"first prediction in a process, {name}", first, unit="s")


def compare_accuracies(report: Report, models: dict[str, Path], data: Path) -> None:
    for table, column in TABLES.items():
        path = data / table / "products.csv"
        if not path.is_file():
            continue
        products = pd.read_csv(path).dropna(subset=["title", column])
        frequent = products[column].map(products[column].value_counts()) >= N_FOLDS
        products = products[frequent].sample(frac=1, random_state=0)[:N_ROWS]
        titles, labels = products["title"].tolist(), products[column].to_numpy()
        report_accuracies(report, models, table, titles, labels)


def report_accuracies(
    report: Report,
    models: dict[str, Path],
    table: str,
    titles: list[str],
    labels: np.ndarray,
) -> None:
    """Fit a head for each fold and encoder; those of torch also predict with ONNX."""
    right: dict[str, list[bool]] = {}
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    rows = np.array(titles, dtype=object)
    for train, test in folds.split(rows, labels):
        for name, model in models.items():
            clf = PretrainedTextClassifier(model, max_length=MAX_LENGTH, random_state=0)
            clf.fit(rows[train], labels[train])
            right.setdefault(name, []).extend(clf.predict(rows[test]) == labels[test])
            if name == TORCH:
                clf.model_ = os.fspath(models[INT8])
                served = clf.predict(rows[test]) == labels[test]
                right.setdefault("fitted with torch, ONNX int8", []).extend(served)
    for name, of_rows in right.items():
        difference = 100 * (np.mean(of_rows) - np.mean(right[TORCH]))
        report.add(
            f"accuracy, {table}, {name}", 100 * float(np.mean(of_rows)), unit="%"
        )
        if name != TORCH:
            report.add(
                f"loss, {table}, {name}", -difference, target=LOSS, unit="points"
            )


def main() -> int:
    parser = make_parser(__doc__)
    options = parse_arguments(parser)
    report = Report("How much faster is a text encoder in ONNX Runtime?", options)
    try:
        original = text_encoder_folder()
    except SystemExit as missing:
        print(f"Skipped. {missing}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        models = {
            TORCH: original,
            FLOAT32: export_onnx(original, Path(folder, "f32"), precision="float32"),
            INT8: export_onnx(original, Path(folder, "int8")),
        }
        compare_speeds(report, models, 200 if options.short else 1_000)
        measure_new_processes(report, models, folder)
        data = os.environ.get("AMZEST_DATA")
        if data and not options.short:
            compare_accuracies(report, models, Path(data))
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
