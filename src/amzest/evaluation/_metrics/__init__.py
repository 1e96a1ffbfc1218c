"""Scores of classifiers, of categories, and what classifiers cost."""
