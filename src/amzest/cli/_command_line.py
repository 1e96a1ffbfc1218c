"""The commands, their exit codes, and errors without tracebacks."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from amzest.cli import _evaluate, _explain, _fit, _predict, _serve
from amzest.cli._options import UsageError

_EPILOG = """\
Tables are CSV (.csv), tab-separated (.tsv), Parquet (.parquet) or JSON lines (.jsonl),
all but Parquet also compressed (.gz); "-" is the standard input. They are read in
pieces, so that their size is not limited by the memory. Progress and messages are
written to the standard error, results to the standard output or to a file, which
appears when it is complete.

exit codes:
  0    done
  1    invalid data, or a file that cannot be read or written; see the message
  2    invalid arguments
  130  interrupted by the keyboard

example:
  amzest fit train.csv --target category --out model.amz
  amzest evaluate model.amz test.csv --target category --out report.html
  amzest predict model.amz new.parquet --out predictions.parquet
  amzest serve model.amz

"amzest prepare" is the command of amzest.datasets, which makes tables of Amazon's
metadata; see "amzest prepare --help".
"""
_COMMANDS = (_fit, _predict, _evaluate, _explain, _serve)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code, see ``--help``."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["prepare"]:
        from amzest.datasets._amazon_pipeline._command_line import main as prepare

        return prepare(arguments, prog="amzest")
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        with _short_warnings():
            options.run(options)
            _flush()
    except UsageError as error:
        options.parser.print_usage(sys.stderr)
        print(f"{options.parser.prog}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        what = str(error) or "No file was written."
        print(f"\nInterrupted. {what}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has had enough. Python would fail again
        # at the exit, when it flushes the standard output.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print(
            "error: There is not enough memory. Pass --max-rows or a smaller "
            "--chunk-size.",
            file=sys.stderr,
        )
        return 1
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="amzest",
        description="Classify products by title, description and image.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in _COMMANDS:
        command = module.add_command(commands)
        command.set_defaults(run=module.run, parser=command)
    return parser


class _Version(argparse.Action):
    """Print the version, which is read only then."""

    def __call__(self, parser: Any, *_: Any, **__: Any) -> None:
        from importlib.metadata import version

        print(f"amzest {version('amzest')}")
        parser.exit()


def _flush() -> None:
    """Flush the standard output, so that a closed pipe is noticed."""
    sys.stdout.flush()


@contextlib.contextmanager
def _short_warnings() -> Iterator[None]:
    """Print warnings as one line each, without the line of code that issued them."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        print(f"warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
