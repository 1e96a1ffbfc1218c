"""The command line: fit, predict, evaluate, explain and serve from a shell."""

from amzest.cli._command_line import main

__all__ = ["main"]
