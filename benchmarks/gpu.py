"""How fast are networks and encoders on a GPU, and is the GPU fed?

Text networks, image networks on each backend of Keras that is installed, and pretrained
encoders: items per second in float32 and bfloat16, the fraction of the time in which
the device waits for data, and the peak of its memory.

    make bench-gpu
    python benchmarks/gpu.py --device cpu --quick        # a test of the benchmark
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gpu_parts import PARTS, add_options
from side_by_side import make_table

HEADER = ("part", "name", "task", "framework", "precision", "batch", "items/s")
BACKENDS = ("tensorflow", "torch", "jax")


def runs_of(parts: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Return parts with the environment of their process."""
    found: list[tuple[str, dict[str, str]]] = []
    for part in parts:
        if part != "image":
            found.append((part, {}))
            continue
        for backend in BACKENDS:
            if importlib.util.find_spec(backend):
                # TensorFlow and JAX reserve the memory of a GPU by default.
                environment = {
                    "KERAS_BACKEND": backend,
                    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
                    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
                }
                found.append((part, environment))
    return found


def run_part(
    part: str, environment: dict[str, str], options: argparse.Namespace
) -> dict[str, Any] | None:
    """Run a part in a new process; return its results, or None if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.json"
        command = [sys.executable, str(Path(__file__).with_name("gpu_parts.py")), part]
        command += ["--device", options.device, "--json", str(path)]
        command += ["--quick"] if options.quick else []
        command += ["--n", str(options.n)] if options.n else []
        if options.compile is not None:
            command += ["--compile", *options.compile]
        done = subprocess.run(command, env={**os.environ, **environment}, check=False)
        if done.returncode or not path.is_file():
            print(f"  {part} failed with exit status {done.returncode}.")
            return None
        return dict(json.loads(path.read_text(encoding="utf-8")))


def rows_of(results: list[dict[str, Any]]) -> list[list[str]]:
    """Return the cells of the table."""
    rows = []
    for result in results:
        first = [str(result.get(name) or "") for name in HEADER[:-1]]
        if "error" in result:
            rows.append([*first, "failed", "", ""])
            continue
        waiting = result["waiting"]
        rows.append(
            [
                *first,
                f"{result['items_per_second']:,.0f}",
                "" if waiting is None else f"{waiting:.0%}",
                f"{result['memory_peak_bytes'] / 2**20:,.0f}",
            ]
        )
    return rows


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all"
    )
    options = parser.parse_args(arguments)
    print(__doc__.splitlines()[0], flush=True)
    if options.device.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            print("torch cannot use a GPU here; nothing is measured.")
            return 0
    merged: dict[str, Any] = {"quick": options.quick, "results": []}
    failed = False
    for part, environment in runs_of(options.parts):
        found = run_part(part, environment, options)
        failed = failed or found is None
        if found is not None:
            merged["results"] += found.pop("results")
            merged.update(found)
    table = make_table((*HEADER, "waiting", "peak MiB"), rows_of(merged["results"]))
    print(f"\n{table}\n\ndevice: {merged.get('device', {}).get('name')}", flush=True)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
