"""Compare designs, show where they fail, and act on what they know."""

__all__: list[str] = []
