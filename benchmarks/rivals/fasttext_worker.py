"""Fit fastText and predict in a separate environment, since it requires NumPy 1.

Reads a request from a JSON file, and writes the result next to it. Only fitting and
predicting are timed, not starting Python or reading files.
"""

import json
import sys
import time
from pathlib import Path

import fasttext


def main() -> None:
    path = Path(sys.argv[1])
    request = json.loads(path.read_text(encoding="utf-8"))
    lines = path.with_suffix(".txt")
    pairs = zip(request["labels"], request["train"], strict=True)
    lines.write_text(
        "".join(f"__label__{label} {text}\n" for label, text in pairs),
        encoding="utf-8",
    )
    wall, processor = time.perf_counter(), time.process_time()
    model = fasttext.train_supervised(str(lines), verbose=0, **request["settings"])
    answer = {
        "fit_wall": time.perf_counter() - wall,
        "fit_processor": time.process_time() - processor,
    }
    # With k=1 the Python wrapper returns one tuple of labels per row.
    labels, _ = model.predict(request["test"])
    answer["labels"] = [int(row[0].removeprefix("__label__")) for row in labels]
    path.with_suffix(".answer").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
