"""Ensembles of classifiers, each of which is fitted once."""

__all__: list[str] = []
