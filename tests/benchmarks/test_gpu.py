"""The GPU benchmark, on the CPU and with little data."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import gpu
import gpu_parts
import pytest
from gpu_watch import Span, TimedBatches, Watch, watched

from amzest.text import TextCNNClassifier


def options_of(**changes):
    options = {"device": "cpu", "quick": True, "n": 40, "compile": ["eager-typo"]}
    return SimpleNamespace(**{**options, **changes})


def test_waiting_is_measured_apart_from_computing():
    def slow():
        for _ in range(2):
            time.sleep(0.02)
            yield SimpleNamespace(targets=[0, 1])

    class Engine:
        def run_epoch(self, batches, learning_rates):
            for _ in batches:
                time.sleep(0.01)
            return 0.5

        def forward(self, batches, output):
            return list(batches)

    with watched(Engine, 1) as watch:
        assert watch.synchronizes
        assert Engine().run_epoch(slow(), []) == 0.5
    assert not watch.synchronizes
    assert watch.epochs[0].n_rows == 4
    assert 0.04 <= watch.epochs[0].waiting <= watch.epochs[0].wall - 0.02
    assert Engine.run_epoch.__name__ == "run_epoch"  # not watched any more
    assert 0 < watch.waiting < 1
    assert list(TimedBatches([1, 2])) == [1, 2]


def test_first_and_last_epoch_do_not_count():
    spans = [Span(9.0, 9.0, 0.0, 10), Span(1.0, 2.0, 0.0, 10), Span(9.0, 9.0, 3.0, 10)]
    watch = Watch(3, spans)
    assert watch.rows_per_second() == 10
    assert watch.rows_per_second("processor") == 5
    assert watch.waiting == pytest.approx(1 / 3)


def test_text_part_measures_fits_predictions_and_compiled_loops(monkeypatch):
    """A mode that torch does not know is an error in the results, not of the run."""
    small = {"CNN": lambda **params: TextCNNClassifier(n_buckets=512, **params)}
    monkeypatch.setattr(gpu_parts, "networks", lambda kind: small)
    found = gpu_parts.measure("text", options_of())
    assert {"name", "memory_bytes"} == set(found["device"])
    assert found["versions"]["torch"]
    precision = found["results"][-1]["precision"]  # that of the device
    tasks = [(record["task"], record["precision"]) for record in found["results"]]
    assert tasks == [
        ("fit", "float32"),
        ("predict_proba", "float32"),
        ("fit", "bfloat16"),
        ("loop by hand", precision),
        ("loop by hand, compiled: eager-typo", precision),
    ]
    *measured, failed = found["results"]
    assert "eager-typo" in failed["error"]
    for record in measured:
        assert record["items_per_second"] > 0
        assert record["memory_peak_bytes"] > 2**20
        assert record["waiting"] is None or 0 <= record["waiting"] <= 1
    json.dumps(found)


def test_one_command_runs_every_part_and_merges_the_results(
    monkeypatch, tmp_path, capsys
):
    called = []

    def run(command, env, check):
        part = command[2]
        called.append((part, env.get("KERAS_BACKEND")))
        if part == "encoders":
            return SimpleNamespace(returncode=1)
        record = {"part": part, "items_per_second": 5.0, "waiting": None}
        found = {"device": {"name": "a chip"}, "versions": {}, "machine": {}}
        found["results"] = [{**record, "memory_peak_bytes": 2**21}]
        target = command[command.index("--json") + 1]
        with open(target, "w", encoding="utf-8") as file:
            json.dump(found, file)
        return SimpleNamespace(returncode=0)

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(gpu, "BACKENDS", ("tensorflow", "torch", "no_such_backend"))
    monkeypatch.setattr(gpu.subprocess, "run", run)
    path = tmp_path / "gpu.json"
    assert gpu.main(["--device", "cpu", "--quick", "--json", str(path)]) == 1
    assert called == [
        ("text", None),
        ("image", "tensorflow"),
        ("image", "torch"),
        ("encoders", None),
    ]
    merged = json.loads(path.read_text(encoding="utf-8"))
    assert [record["part"] for record in merged["results"]] == [
        "text",
        "image",
        "image",
    ]
    assert merged["device"] == {"name": "a chip"}
    assert "encoders failed with exit status 1" in capsys.readouterr().out


def test_nothing_is_measured_without_a_gpu(capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert gpu.main([]) == 0
    assert "nothing is measured" in capsys.readouterr().out
