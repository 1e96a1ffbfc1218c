"""How messages name arguments: as those of a function, or as options of a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArgumentNames:
    """Names of arguments in messages."""

    are_options: bool = False

    def name(self, argument: str) -> str:
        """Return the name of an argument."""
        if self.are_options:
            return f"--{argument.removeprefix('n_').replace('_', '-')}"
        return f"`{argument}`"

    def switched_on(self, argument: str) -> str:
        """Return the name of an argument that is true."""
        return self.name(argument) if self.are_options else f"{argument}=True"


PARAMETERS, OPTIONS = ArgumentNames(), ArgumentNames(are_options=True)
