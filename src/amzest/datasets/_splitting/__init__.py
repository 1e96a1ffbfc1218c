"""Balance and split a table so that nothing leaks."""
