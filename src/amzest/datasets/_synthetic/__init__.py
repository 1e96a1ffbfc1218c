"""Generate synthetic product catalogues."""
