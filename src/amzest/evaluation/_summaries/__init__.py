"""Compact summaries of the columns of a table, and of predictions for it."""
