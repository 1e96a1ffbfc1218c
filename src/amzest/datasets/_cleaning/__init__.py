"""Clean a table, and report what was done."""
