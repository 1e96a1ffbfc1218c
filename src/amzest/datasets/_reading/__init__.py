"""Read Amazon's published metadata."""
