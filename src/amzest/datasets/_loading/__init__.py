"""Load a table of one's own and check it."""
