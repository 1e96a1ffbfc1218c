"""Would the text networks predict faster in ONNX Runtime than in torch?

The numeric core of each network, from the vectors of distinct words to the logits, is
exported to ONNX. Tokenization, hashing, sums of word vectors and the linear part remain
in Python. Whole predictions are compared, with the processor time of one thread, and
the core alone. Then a new process predicts one title with each: processor time and
memory, with and without torch.

Titles and texts are those of the folder in AMZEST_DATA, otherwise synthetic. Run with
``python benchmarks/text_network_onnx.py``.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from amzest import (
    TextCNNClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
    make_products,
)

NETWORKS = (TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier)
TABLES = {"amazon10": ["title"], "flipkart": ["title", "description"]}

NEW_PROCESS = """
import pickle, sys, time
start = time.process_time()
sys.path.insert(0, {folder!r})
if {onnx}:
    import text_network_onnx
    classifier, texts = text_network_onnx.load_without_torch({path!r}, {model!r})
else:
    with open({path!r}, "rb") as file:
        classifier, texts = pickle.load(file)
classifier.predict_proba(texts[:1])
# That of getrusage counts the memory of the parent process as well.
status = open("/proc/self/status").read()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(time.process_time() - start, peak, "torch" in sys.modules and not {onnx})
"""


class OnnxEngine:
    """The numeric core in ONNX Runtime, with one thread."""

    def __init__(self, path: str, table: np.ndarray) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.names = {node.name for node in self.session.get_inputs()}
        self.table = table

    def forward(self, batches: Any, output: str) -> np.ndarray:
        parts = []
        for batch in batches:
            arrays = {name: np.asarray(array) for name, array in batch.items()}
            starts = np.append(arrays["word_starts"], len(arrays["word_rows"]))
            shape = len(starts) - 1, len(self.table)
            sums = sparse.csr_array(
                (arrays["word_weights"], arrays["word_rows"], starts), shape
            )
            vectors = np.zeros((len(starts), self.table.shape[1]), dtype=np.float32)
            vectors[1:] = sums @ self.table
            inputs = {"vectors": vectors, **arrays}
            inputs = {name: inputs[name] for name in self.names}
            parts.append(self.session.run(None, inputs)[0])
        return np.concatenate(parts)


def export(classifier: Any, path: str) -> None:
    """Export the network without the sums of rows that are the vectors of words."""
    import torch
    from torch import nn

    network = classifier.net_.module_.eval()

    def convolve(x: Any, mask: Any) -> Any:
        # The network shifts products of words, which cannot be exported.
        pooled = []
        for convolution in network.convolutions:
            (size,) = convolution.kernel_size
            padding = size // 2, (size - 1) // 2
            found = convolution(nn.functional.pad(x.transpose(1, 2), padding))
            pooled.append(found.masked_fill(~mask[:, None], -torch.inf).amax(2))
        return torch.cat(pooled, 1).relu()

    class Core(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, vectors: Any, words: Any, lengths: Any) -> Any:
            x = nn.functional.embedding(words, vectors)
            mask = torch.arange(x.shape[1])[None] < lengths[:, None]
            mean = (x * mask[..., None]).sum(1) / lengths[:, None]
            encoded = (
                convolve(x, mask)
                if hasattr(network, "convolutions")
                else network.encode(x, mask, lengths)
            )
            return network.logits(torch.cat([encoded, mean], 1))

    size = network.table.shape[1]
    words = torch.randint(0, 30, (4, 12))
    example = (torch.randn(30, size), words, torch.full((4,), 12))
    # The older exporter has one operator for an LSTM; the newer one unrolls it.
    torch.onnx.export(
        Core().eval(),
        example,
        path,
        dynamo=False,
        opset_version=17,
        input_names=["vectors", "words", "lengths"],
        dynamic_axes={
            "vectors": {0: "n_words"},
            "words": {0: "batch", 1: "length"},
            "lengths": {0: "batch"},
        },
    )


def load_without_torch(path: str, model: str) -> Any:
    """Load a classifier whose core is in ONNX Runtime, where torch is a stub."""
    import types

    stub = types.ModuleType("torch")
    stub.from_numpy = lambda array: array  # type: ignore[attr-defined]
    with open(path, "rb") as file:
        classifier, texts = pickle.load(file)
    sys.modules["torch"] = stub
    use_onnx(classifier, model)
    return classifier, texts


def use_onnx(classifier: Any, model: str) -> None:
    engine = OnnxEngine(model, np.ascontiguousarray(classifier.weights_["table"]))
    classifier.__class__ = type(
        "Onnx", (type(classifier),), {"_engine": lambda self: engine}
    )


def read(table: str) -> tuple[pd.DataFrame, np.ndarray]:
    path = Path(os.environ.get("AMZEST_DATA", ""), table, "products.csv")
    if path.is_file():
        products = pd.read_csv(path)
        return products[TABLES[table]], products["category"].to_numpy()
    X, y = make_products(4000, image_size=8, return_X_y=True, random_state=0)
    return X[TABLES[table]], np.asarray(y)


def measure(classifier: Any, texts: pd.DataFrame, model: str, repeats: int) -> dict:
    from amzest import clear_cache

    plain, onnx = (
        pickle.loads(pickle.dumps(classifier)),
        pickle.loads(pickle.dumps(classifier)),
    )
    use_onnx(onnx, model)
    contenders = {"torch": plain, "ONNX": onnx}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    core: dict[str, list[float]] = {name: [] for name in contenders}
    found = {}
    for _ in range(repeats + 1):  # the first one warms up
        for name, one in contenders.items():
            clear_cache()
            start = time.process_time()
            found[name] = one.predict_proba(texts)
            seconds[name].append(time.process_time() - start)
            engine = one._engine()
            inputs = one._encode(one._read(texts, reset=False))
            rows = np.flatnonzero(inputs.present)
            order = rows[np.argsort(inputs.sizes[rows], kind="stable")]
            batches = [
                inputs.batch(part)
                for part in np.array_split(order, max(1, len(order) // 256))
            ]
            start = time.process_time()
            engine.forward(batches, "logits")
            core[name].append(time.process_time() - start)
    result = {name: np.median(taken[1:]) for name, taken in seconds.items()}
    inner = {name: np.median(taken[1:]) for name, taken in core.items()}
    return {
        "rows per s, torch": len(texts) / result["torch"],
        "rows per s, ONNX": len(texts) / result["ONNX"],
        "whole, ratio": result["torch"] / result["ONNX"],
        "core, share in torch": inner["torch"] / result["torch"],
        "core, ratio": inner["torch"] / inner["ONNX"],
        "largest difference": abs(found["torch"] - found["ONNX"]).max(),
    }


def start_process(path: str, model: str, *, onnx: bool) -> dict[str, float]:
    folder = str(Path(__file__).parent)
    code = NEW_PROCESS.format(folder=folder, path=path, model=model, onnx=onnx)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    seconds, peak, _ = done.stdout.split()
    name = "ONNX" if onnx else "torch"
    return {f"start, {name} (s)": float(seconds), f"memory, {name} (MB)": float(peak)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            X, y = read(table)
            X = X.fillna("").sample(frac=1, random_state=0)
            y = y[X.index]
            texts = X.iloc[: args.rows].reset_index(drop=True)
            for network in NETWORKS:
                classifier = network(max_epochs=1, calibrate=False, random_state=0)
                classifier.fit(X.iloc[:5000], y[:5000])
                model = str(Path(folder, f"{table}_{network.__name__}.onnx"))
                path = model.replace(".onnx", ".pickle")
                export(classifier, model)
                Path(path).write_bytes(pickle.dumps((classifier, texts)))
                found = measure(classifier, texts, model, args.repeats)
                for onnx in (False, True):
                    found |= start_process(path, model, onnx=onnx)
                rounded = {name: round(float(v), 6) for name, v in found.items()}
                print(table, network.__name__, rounded, flush=True)


if __name__ == "__main__":
    main()
