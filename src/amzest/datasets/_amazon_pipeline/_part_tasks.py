"""Make the parts of all raw files, several at the same time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from amzest.datasets._amazon_metadata._file_spans import FileSpan
from amzest.datasets._amazon_metadata._span_tasks import SpanPlan, SpanTask
from amzest.datasets._amazon_pipeline._prepared_parts import (
    Part,
    PartOptions,
    PartSummary,
    find_part,
    make_part,
    unfinished_name,
)
from amzest.utils import (
    quiet_workers,
    require,
    run_in_order,
    runs_in_caller,
    runs_on_cluster,
)

_PURPOSE = "prepare_products"


def make_parts(
    paths: Sequence[Path],
    folder: Path,
    options: PartOptions,
    n_jobs: int | None,
    progress: bool | None,
) -> tuple[list[Path], PartSummary]:
    """Read and clean each span of each raw file into a part."""
    tqdm = require("tqdm.auto", extra="data", purpose=_PURPOSE).tqdm
    plan = SpanPlan.of(paths)
    parts: list[Path] = []
    summary = PartSummary()
    # Workers do not know how many lines of the file precede their span.
    n_lines: Counter[int] = Counter()
    with tqdm(
        desc="products read",
        unit="",
        unit_scale=True,
        disable=None if progress is None else not progress,
    ) as bar:
        if not plan.is_divided or runs_in_caller(n_jobs):
            made = _make_here(plan, folder, options, bar)
        else:
            made = _make_in_parallel(plan, folder, options, n_jobs, bar)
        for number, path, part in made:
            summary += part.summary_after(n_lines[number], paths[number])
            n_lines[number] += part.n_lines
            parts.append(path)
    return parts, summary


def part_path(folder: Path, number: int, span: FileSpan) -> Path:
    """Return the path of the part of a span of a file with a number."""
    name = f"{number:05d}-{span.number}" if span.number else f"{number:05d}"
    return folder / f"{name}.parquet"


def _make_here(
    plan: SpanPlan, folder: Path, options: PartOptions, bar: Any
) -> Iterator[tuple[int, Path, Part]]:
    """Make all parts one after the other."""
    for number, task in plan.whole_tasks():
        for span, text in task.spans(_PURPOSE):
            path = part_path(folder, number, span)
            part = make_part(span, text, path, options, on_progress=bar.update)
            yield number, path, part


def _make_in_parallel(
    plan: SpanPlan, folder: Path, options: PartOptions, n_jobs: int | None, bar: Any
) -> Iterator[tuple[int, Path, Part]]:
    """Make parts in processes."""

    def unpacked(number: int, span: FileSpan) -> Path:
        return unfinished_name(part_path(folder, number, span).with_suffix(".lines"))

    def is_done(number: int, span: FileSpan) -> bool:
        part = part_path(folder, number, span)
        return find_part(span, part, options) is not None

    # A process of a cluster is no child of this one.
    caller = None if runs_on_cluster(n_jobs) else os.getpid()
    tasks = (
        (number, task, folder, options, caller)
        for number, task in plan.tasks(n_jobs, _PURPOSE, unpacked, is_done)
    )
    # Few tasks in advance, as each may have a file of unpacked text.
    finished = run_in_order(make_task_parts, tasks, n_jobs=n_jobs, few_waiting=True)
    with quiet_workers(), closing(finished):
        for made in finished:
            for number, path, part in made:
                bar.update(part.summary.n_products)
                yield number, path, part


def make_task_parts(
    number: int,
    task: SpanTask,
    folder: Path,
    options: PartOptions,
    parent: int | None,
) -> list[tuple[int, Path, Part]]:
    """Make the parts of a task; return them with the number of the file."""
    made = []
    for span, text in task.spans(_PURPOSE):
        path = part_path(folder, number, span)
        part = make_part(span, text, path, options, parent=parent)
        made.append((number, path, part))
        if part.failure is not None:
            break
    return made
