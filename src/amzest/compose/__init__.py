"""Transformers for pipelines on product tables."""

from amzest.compose._column_selector import ColumnSelector

__all__ = ["ColumnSelector"]
