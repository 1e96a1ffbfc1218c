"""Tasks of reading raw files that can be done at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from amzest.datasets._amazon_metadata._file_spans import (
    FileSpan,
    file_spans,
    stream_spans,
)
from amzest.utils import runs_on_cluster


@dataclass(frozen=True)
class SpanTask:
    """One span of a file, or a whole stream, or the error of finding spans."""

    path: Path
    span: FileSpan | None = None
    error: Exception | None = None

    def spans(self, purpose: str) -> Iterator[tuple[FileSpan, Iterator[bytes]]]:
        """Yield the spans and their text."""
        if self.error is not None:
            raise self.error
        if self.span is None:
            yield from stream_spans(self.path, purpose)
            return
        yield self.span, self.span.chunks(purpose)
        if self.span.unpacked is not None:
            self.span.unpacked.unlink(missing_ok=True)


@dataclass(frozen=True)
class SpanPlan:
    """The spans of each file, None for a stream, or the error of finding them."""

    paths: Sequence[Path]
    spans: Sequence[list[FileSpan] | Exception | None]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> SpanPlan:
        """Find the spans of files."""
        return cls(paths, [_spans_or_error(path) for path in paths])

    @property
    def is_divided(self) -> bool:
        """Whether there is more than one span to read."""
        if len(self.paths) != 1:
            return len(self.paths) > 1
        spans = self.spans[0]
        return spans is None or (isinstance(spans, list) and len(spans) > 1)

    def whole_tasks(self) -> Iterator[tuple[int, SpanTask]]:
        """Yield the number of a file and a task, for one process."""
        for number, (path, spans) in enumerate(
            zip(self.paths, self.spans, strict=True)
        ):
            if isinstance(spans, Exception):
                yield number, SpanTask(path, error=spans)
            elif spans is None:
                yield number, SpanTask(path)
            else:
                yield from ((number, SpanTask(path, span)) for span in spans)

    def tasks(
        self,
        n_jobs: int | None,
        purpose: str,
        unpacked: Callable[[int, FileSpan], Path],
        is_done: Callable[[int, FileSpan], bool] | None = None,
    ) -> Iterator[tuple[int, SpanTask]]:
        """Yield the number of a file and a task, for all spans, in order.

        Spans of a stream are `unpacked` into files, unless they are done, there are
        enough streams for all workers, or these are a cluster. An error is yielded as a
        task, as joblib would wait forever if the iterator of tasks raised it.
        """
        from joblib import effective_n_jobs

        n_streams = sum(spans is None for spans in self.spans)
        # On a cluster the tasks are not started one by one as workers are free, so that
        # all of the text would be unpacked at once.
        whole = runs_on_cluster(n_jobs) or n_streams >= effective_n_jobs(n_jobs)
        for number, task in self.whole_tasks():
            if whole or task.span is not None or task.error is not None:
                yield number, task
                continue
            for part in _unpack(number, task.path, purpose, unpacked, is_done):
                yield number, part


def _unpack(
    number: int,
    path: Path,
    purpose: str,
    unpacked: Callable[[int, FileSpan], Path],
    is_done: Callable[[int, FileSpan], bool] | None,
) -> Iterator[SpanTask]:
    try:
        for span, text in stream_spans(path, purpose):
            target = unpacked(number, span)
            if is_done is None or not is_done(number, span):
                with open(target, "wb") as file:
                    file.writelines(text)
            yield SpanTask(path, replace(span, unpacked=target))
    except (OSError, ValueError) as error:
        yield SpanTask(path, error=error)


def _spans_or_error(path: Path) -> list[FileSpan] | Exception | None:
    try:
        return file_spans(path)
    except (OSError, ValueError) as error:
        return error
