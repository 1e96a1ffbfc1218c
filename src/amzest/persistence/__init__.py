"""Files of fitted models that run no code when they are loaded."""

from amzest.persistence._load import load
from amzest.persistence._model_card import model_card
from amzest.persistence._read_metadata import read_metadata
from amzest.persistence._save import save
from amzest.persistence._trusted_types import trusted_types

__all__ = ["load", "model_card", "read_metadata", "save", "trusted_types"]
