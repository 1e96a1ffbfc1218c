"""Predict a table of any size: to a file, or to the parts of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from amzest.distributed._argument_names import PARAMETERS, ArgumentNames
from amzest.distributed._model_reference import ModelReference
from amzest.distributed._prediction_columns import example_columns
from amzest.distributed._prediction_folder import PredictionFolder
from amzest.distributed._progress import Progress
from amzest.distributed._scoring import Scoring, write_part
from amzest.distributed._source_tables import Part, Source, SourceTables
from amzest.distributed._table_output import (
    check_format,
    check_target,
    open_output,
    parquet_schema,
    table_suffix,
    unfinished_path,
)
from amzest.utils import (
    count,
    installed_versions,
    n_workers,
    quiet_workers,
    require,
    run_in_order,
    runs_on_cluster,
    shown_list,
)

#: Packages whose versions the predictions or the bytes of the files depend on.
_PACKAGES = ("amzest", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
_FRAMEWORKS = ("torch", "tensorflow", "keras", "transformers", "onnxruntime")


@dataclass(frozen=True, kw_only=True)
class Request:
    """The arguments of `predict_table`, or of the command; see there.

    Without `out`, the predictions are written to the standard output.
    """

    model: Any
    source: Source
    out: str | None
    columns: Sequence[str] | None
    keep: Sequence[str] | None
    top_k: int
    chunk_size: int
    rows_per_part: int
    n_jobs: int | None
    resume: bool
    overwrite: bool
    trusted: Sequence[str | type] | None
    encoding: str
    separator: str | None
    image_root: str | os.PathLike[str] | None
    on_missing_image: str
    quiet: bool
    names: ArgumentNames = PARAMETERS

    @property
    def to_folder(self) -> bool:
        """Whether the predictions are written to a folder."""
        out = self.out
        if out is None:
            return False
        if os.path.isdir(out) or out.endswith(("/", os.sep)):
            return True
        return table_suffix(out) is None and not Path(out).suffix


def run(request: Request) -> int:
    """Predict the rows of the source and return their number."""
    _check_out(request)
    tables = SourceTables(
        request.source, encoding=request.encoding, separator=request.separator
    )
    if not request.to_folder:
        for path in tables.paths:
            check_target(
                request.out,
                overwrite=request.overwrite,
                not_this=path,
                names=request.names,
            )
    reference = ModelReference(
        request.model,
        Path(request.out or os.curdir).absolute(),
        columns=request.columns,
        trusted=request.trusted,
    )
    scoring = _scoring(request, tables, reference)
    if request.to_folder:
        return _to_folder(request, tables, reference, scoring)
    return _to_file(request, tables, reference, scoring)


def _check_out(request: Request) -> None:
    """Raise if arguments do not fit the kind of output."""
    names = request.names
    if request.to_folder:
        require("pyarrow", extra="data", purpose="A folder of predictions")
        if request.overwrite:
            msg = (
                f"{names.switched_on('overwrite')} replaces a file, but "
                f"{names.name('out')} {request.out!r} is a folder. Pass another "
                "folder, or remove this one first."
            )
            raise ValueError(msg)
        return
    try:
        check_format(request.out, names)
    except ValueError as error:
        raise ValueError(
            f"{error} A folder has no suffix, or ends in a slash."
        ) from None
    parallel = request.n_jobs not in (None, 1)
    if parallel or request.resume:
        argument = "n_jobs" if parallel else "resume"
        msg = (
            f"{names.name(argument)} needs a folder as {names.name('out')}, got "
            f"{'the standard output' if request.out is None else repr(request.out)}. "
            "Pass a path without suffix."
        )
        raise ValueError(msg)


def _scoring(
    request: Request, tables: SourceTables, reference: ModelReference
) -> Scoring:
    """Check the columns, and return what is read, predicted and written."""
    predictor = reference.loaded().predictor
    names = request.names
    tables.check_columns(
        predictor.columns.names,
        names.name("columns")
        if request.columns is not None
        else f"a column of the model; see {names.name('columns')}",
    )
    kept = tables.columns if request.keep is None else list(request.keep)
    tables.check_columns(kept, names.name("keep"))
    if len(set(kept)) < len(kept):
        raise ValueError(f"{names.name('keep')} has a column twice: {shown_list(kept)}")
    new = example_columns(predictor, request.top_k)
    conflicts = [name for name in new if name in kept]
    if conflicts:
        msg = (
            f"{tables.paths[0]}: has the columns {shown_list(conflicts)} already. "
            f"Leave them out with {names.name('keep')}."
        )
        raise ValueError(msg)
    root = request.image_root
    if root is not None and not os.path.isdir(root):
        msg = f"{names.name('image_root')} {str(root)!r} is not a folder. Check it."
        raise ValueError(msg)
    needed = list(dict.fromkeys([*kept, *predictor.columns.names]))
    # All columns are read as they are, so that none is lost.
    every = set(needed) == set(tables.columns)
    return Scoring(
        kept=kept,
        read=None if every else needed,
        top_k=request.top_k,
        chunk_size=request.chunk_size,
        image_root=None if root is None else os.path.abspath(root),
        on_missing_image=request.on_missing_image,
        n_tables=len(tables.paths),
        schema=_schema(request, tables, kept, new),
    )


def _schema(
    request: Request, tables: SourceTables, kept: list[str], new: dict[str, Any]
) -> Any:
    """Return the types of all columns of a folder, whose files must have the same."""
    if not request.to_folder:
        return tables.schema
    first = tables.first_rows(request.chunk_size, kept)
    frame = first.iloc[:1].reset_index(drop=True).assign(**new)
    own = parquet_schema(first, tables.schema)
    added = parquet_schema(frame[list(new)], None)
    import pyarrow

    return pyarrow.schema([*own, *added])


def _to_file(
    request: Request, tables: SourceTables, reference: ModelReference, scoring: Scoring
) -> int:
    model = reference.loaded()
    with (
        open_output(request.out, scoring.schema) as write,
        Progress("predict", tables.n_rows, quiet=request.quiet) as progress,
        model.cache,
    ):
        for path, piece in tables.pieces(request.chunk_size, scoring.read):
            table = scoring.table(path)
            frame = scoring.predict(piece, table, model)
            with table.row_numbers(piece):
                write(frame)
            progress.update(len(frame))
    where = "the standard output" if request.out is None else request.out
    progress.report(f"Predicted {progress.summary()}: {where}")
    return progress.n_rows


def _to_folder(
    request: Request, tables: SourceTables, reference: ModelReference, scoring: Scoring
) -> int:
    out = Path(str(request.out)).absolute()
    _check_outside(request, tables, out)
    fingerprint = _fingerprint(request, tables, reference, scoring)
    folder = PredictionFolder(
        out, fingerprint, resume=request.resume, names=request.names
    )
    with folder:
        parts = tables.parts(request.rows_per_part, scoring.read)
        with Progress("predict", tables.n_rows, quiet=request.quiet) as progress:
            todo = _Unfinished(folder, parts, progress)
            try:
                for part in _write_parts(request, todo, reference, scoring, out):
                    progress.update(part.n_rows)
            finally:
                reference.remove_file()
        folder.finish(todo.described)
    earlier = f", {todo.n_found:,} more were there" if todo.n_found else ""
    progress.report(f"Predicted {progress.summary()}{earlier}: {request.out}")
    return todo.n_found + progress.n_rows


class _Unfinished:
    """The parts that are not yet in the folder, and a description of all parts."""

    def __init__(
        self, folder: PredictionFolder, parts: Iterator[Part], progress: Progress
    ) -> None:
        self.described: list[dict[str, Any]] = []
        self.n_found = 0
        self._folder, self._parts, self._progress = folder, parts, progress

    def __iter__(self) -> Iterator[Part]:
        for part in self._parts:
            self.described.append(
                {
                    "number": part.number,
                    "table": str(part.path),
                    "first_row": part.start,
                    "n_rows": part.n_rows,
                }
            )
            if self._folder.is_done(part):
                self.n_found += part.n_rows
                self._progress.leave_out(part.n_rows)
            else:
                yield part


def _write_parts(
    request: Request,
    parts: _Unfinished,
    reference: ModelReference,
    scoring: Scoring,
    folder: Path,
) -> Iterator[Part]:
    """Yield parts when they are written, by processes or in this one."""
    n_jobs, shared = request.n_jobs, (scoring, reference, folder)
    # The parts of a text file have its rows: they are created when a process is free.
    groups: Iterable[Any] = [((part,) for part in parts)]
    if runs_on_cluster(n_jobs):
        groups = _groups(parts, folder, 4 * n_workers(n_jobs))
    try:
        for tasks in groups:
            results = run_in_order(
                write_part, tasks, shared=shared, n_jobs=n_jobs, few_waiting=True
            )
            with closing(results), quiet_workers():
                yield from results
    except BrokenProcessPool as error:
        names = request.names
        msg = (
            "A process that predicted was killed, perhaps for lack of memory. The "
            f"finished parts are in {str(folder)!r}: go on with "
            f"{names.switched_on('resume')}, with a lower {names.name('n_jobs')} if "
            "memory is short."
        )
        raise RuntimeError(msg) from error


def _groups(parts: _Unfinished, folder: Path, size: int) -> Iterator[list[tuple[Part]]]:
    """Yield parts for a cluster, to which all parts of a group are sent together.

    Rows of text files are written to at most `size` files, which workers read.
    """
    group: list[tuple[Part]] = []
    written: list[Path] = []
    try:
        for part in parts:
            if part.frame is not None:
                written.append(unfinished_path(folder / "rows"))
                part = part.with_rows_in(written[-1])
            group.append((part,))
            if len(written) == size:
                yield group
                _remove(written)
                group = []
        if group:
            yield group
    finally:
        _remove(written)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    paths.clear()


def _check_outside(request: Request, tables: SourceTables, out: Path) -> None:
    """Raise ValueError if the predictions would be among the tables that are read."""
    real = os.path.join(os.path.realpath(out), "")
    sources = request.source
    listed = [sources] if isinstance(sources, str | os.PathLike) else sources
    folders = [os.path.realpath(each) for each in listed if os.path.isdir(each)]
    if any(real.startswith(os.path.join(each, "")) for each in folders) or any(
        os.path.realpath(path).startswith(real) for path in tables.paths
    ):
        msg = (
            f"{request.names.name('out')} {str(out)!r} is within the source, where its "
            "files would be read as tables. Pass a folder elsewhere."
        )
        raise ValueError(msg)


def _fingerprint(
    request: Request, tables: SourceTables, reference: ModelReference, scoring: Scoring
) -> dict[str, Any]:
    """Return what the files depend on."""
    options = asdict(scoring)
    for name in ("schema", "n_tables", "read", "kept"):
        del options[name]
    return {
        "model": reference.fingerprint,
        "source": {str(path): _state(path) for path in tables.paths},
        "parameters": {
            **options,
            "keep": list(scoring.kept),
            "columns": reference.loaded().predictor.columns.names,
            "rows_per_part": request.rows_per_part,
            "encoding": request.encoding,
            "separator": request.separator,
        },
        "version": installed_versions((*_PACKAGES, *_FRAMEWORKS)),
    }


def _state(path: Path) -> str:
    """Return the size of a file and when it was modified, in all digits."""
    state = path.stat()
    seconds, rest = divmod(state.st_mtime_ns, 10**9)
    return f"{count(state.st_size, 'byte')}, modified at {seconds}.{rest:09d}"
