"""Confidence intervals and tests of differences."""
