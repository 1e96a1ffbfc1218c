"""Clean a product table and report what was changed."""
