"""Modules that several sub-packages of `amzest.datasets` use."""
