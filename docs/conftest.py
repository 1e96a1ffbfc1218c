"""The pages of these folders are doctests; what Sphinx reads or makes is not."""

collect_ignore = ["conf.py", "_build", "auto_examples", "api"]
