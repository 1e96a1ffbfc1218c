"""Predictions for tables that are larger than memory, on several cores or machines."""

from amzest.distributed._predict_table import predict_table

__all__ = ["predict_table"]
