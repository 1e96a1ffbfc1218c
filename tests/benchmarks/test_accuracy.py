"""Reports of the benchmark of accuracy against fit time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from accuracy_report import draw, means, print_table
from rivals.image_forest import colour_histogram, hog


def record(design, setting, seed, accuracy, seconds, table="titles"):
    return {
        "table": table,
        "design": design,
        "setting": setting,
        "seed": seed,
        "accuracy": accuracy,
        "macro_f1": accuracy / 2,
        "fit_wall": seconds,
        "fit_processor": 2 * seconds,
    }


RECORDS = [
    record("Text CNN", "short", 0, 0.8, 10.0),
    record("Text CNN", "short", 1, 0.9, 30.0),
    record("fastText", "words", 0, 0.7, 2.0),
    record("Image CNN", "short", 0, 0.6, 40.0, table="images"),
]


def test_means_are_over_seeds():
    first, second, third = means(RECORDS)
    assert (first["accuracy"], first["fit_wall"], first["n"]) == (
        pytest.approx(0.85),
        20.0,
        2,
    )
    assert (second["design"], second["n"]) == ("fastText", 1)
    assert third["table"] == "images"


def test_table_has_the_fastest_first(capsys):
    print_table(RECORDS, "wall")
    lines = capsys.readouterr().out.split("\n")[2:5]
    assert [line.split("  ")[1].strip() for line in lines] == [
        "fastText",
        "Text CNN",
        "Image CNN",
    ]
    assert "20.0 s" in lines[1]
    assert "40.0 s" in lines[1]


def test_plot_is_written(tmp_path):
    pytest.importorskip("matplotlib")
    path = draw(RECORDS, "processor", tmp_path / "plot.png")
    assert path.stat().st_size > 10_000


def test_store_survives_a_second_run(tmp_path):
    import bench_accuracy_for_time as benchmark

    path = tmp_path / "store.json"
    benchmark.save(path, RECORDS)
    assert benchmark.load(path) == RECORDS
    assert json.loads(path.read_text(encoding="utf-8"))["versions"]["python"]
    assert not list(tmp_path.glob("*.new"))


def test_hog_distinguishes_directions():
    ramp = np.arange(64, dtype=np.uint8) * 3
    across = np.broadcast_to(ramp[None, None, :, None], (1, 64, 64, 3))
    down = across.transpose(0, 2, 1, 3)
    features = hog(np.concatenate([across, down]))
    assert features.shape == (2, 7 * 7 * 4 * 9)
    assert features[0] @ features[1] < 1e-3
    # A single orientation: normalised, clipped and normalised again.
    assert features[0].max() == pytest.approx(0.5, abs=0.01)


def test_colour_histogram_counts_shares():
    images = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    images[1, :2] = 255
    shares = colour_histogram(images)
    assert shares.shape == (2, 64)
    assert shares[0, 0] == 1
    assert (shares[1, 0], shares[1, -1]) == (0.5, 0.5)
