"""Plots of predictions, in the style of the displays of scikit-learn."""
