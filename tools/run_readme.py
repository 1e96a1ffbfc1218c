"""Run the Python examples of README.md, one after the other, in an empty folder.

    python tools/run_readme.py README.md

Blocks fenced as ```python share one namespace, as in an interactive session. A block
that starts with `>>>` runs as a doctest. `<!-- not run: REASON -->` on the line before
a fence skips a block, and the reason is printed. Every estimator that a block creates
must be picklable; a fitted one must predict the same for `X_test` after pickling.
"""

from __future__ import annotations

import argparse
import doctest
import os
import pickle
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^(?P<fence>```+)[ \t]*python[ \t]*$", re.IGNORECASE)
NOT_RUN = re.compile(r"^<!--\s*not run:\s*(?P<reason>.+?)\s*-->$")


class Block(NamedTuple):
    """One example: its first line in the file (from 1), and why it is not run."""

    line: int
    code: str
    not_run: str | None


def python_blocks(text: str) -> list[Block]:
    """Return the Python blocks of a Markdown text."""
    blocks: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opened = FENCE.match(lines[number])
        if opened is None:
            number += 1
            continue
        above = NOT_RUN.match(lines[number - 1].strip()) if number else None
        end = number + 1
        while end < len(lines) and lines[end].strip() != opened["fence"]:
            end += 1
        if end == len(lines):
            raise SystemExit(f"Line {number + 1}: the code block is never closed.")
        code = "\n".join(lines[number + 1 : end]) + "\n"
        blocks.append(Block(number + 2, code, above["reason"] if above else None))
        number = end + 1
    return blocks


def run(block: Block, path: Path, namespace: dict[str, Any]) -> None:
    """Run one block; tracebacks show the lines of the Markdown file."""
    if block.code.lstrip().startswith(">>>"):
        example = doctest.DocTestParser().get_doctest(
            block.code, namespace, path.name, str(path), block.line - 1
        )
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        runner = doctest.DocTestRunner(optionflags=flags)
        if runner.run(example, clear_globs=False).failed:
            raise SystemExit(1)
        namespace.update(example.globs)
        return
    padded = "\n" * (block.line - 1) + block.code
    exec(compile(padded, str(path), "exec"), namespace)


def estimators_in(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the estimators among variables, also in lists, tuples and dicts."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from estimators_in({f"{name}[{k!r}]": v for k, v in value.items()})
        elif isinstance(value, list | tuple):
            yield from estimators_in({f"{name}[{i}]": v for i, v in enumerate(value)})
        elif hasattr(value, "get_params") and not isinstance(value, type):
            yield name, value


def check_pickling(namespace: dict[str, Any], checked: dict[Any, Any]) -> None:
    """Pickle the estimators that are new, or were fitted since the last call."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    for name, estimator in estimators_in(dict(namespace)):
        try:
            check_is_fitted(estimator)
            fitted = True
        except NotFittedError:
            fitted = False
        if (id(estimator), fitted) in checked:
            continue
        # The reference keeps the id from being reused.
        checked[id(estimator), fitted] = estimator
        try:
            loaded = pickle.loads(pickle.dumps(estimator))
        except Exception as error:
            raise SystemExit(f"`{name}` cannot be pickled: {error}") from None
        if fitted and hasattr(estimator, "predict"):
            X = namespace["X_test"]
            if list(loaded.predict(X)) != list(estimator.predict(X)):
                raise SystemExit(f"`{name}` predicts differently after pickling.")
            print(f"`{name}` predicts the same after pickling", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="the Markdown file")
    path = parser.parse_args().file.resolve(strict=True)
    blocks = python_blocks(path.read_text(encoding="utf-8"))
    if not any(block.not_run is None for block in blocks):
        raise SystemExit(f"{path.name} has no Python block to run.")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    checked: dict[Any, Any] = {}
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in blocks:
                place = f"{path.name}:{block.line}"
                if block.not_run is not None:
                    print(f"{place}: not run: {block.not_run}", flush=True)
                    continue
                start = time.monotonic()
                run(block, path, namespace)
                check_pickling(namespace, checked)
                seconds = time.monotonic() - start
                print(f"{place}: ran in {seconds:.1f} s", flush=True)
        finally:
            os.chdir(here)
    amzest = sys.modules.get("amzest")
    if amzest is None:
        raise SystemExit(f"No block of {path.name} imports amzest.")
    print(f"All with amzest from {Path(str(amzest.__file__)).parent}", flush=True)


if __name__ == "__main__":
    main()
