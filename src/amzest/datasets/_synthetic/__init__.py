"""Generate synthetic products."""
