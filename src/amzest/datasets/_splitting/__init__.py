"""Split and balance a product table without leakage."""
