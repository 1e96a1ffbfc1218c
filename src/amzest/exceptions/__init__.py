"""Warnings that amzest defines."""

from amzest.exceptions._inconsistent_version import InconsistentVersionWarning

__all__ = ["InconsistentVersionWarning"]
