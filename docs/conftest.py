"""The pages of these folders are doctests; what Sphinx reads or makes is not."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "common"))

collect_ignore = ["conf.py", "_build", "auto_examples", "api"]


@pytest.fixture(autouse=True)
def downloaded_model(request, tmp_path, monkeypatch):
    """Run the page about pretrained encoders in a folder with the model it mentions.

    Its weights are random, and its vectors as long as those of the real one.
    """
    if request.node.path.name == "pretrained.rst":
        from tiny_models import tiny_bert

        monkeypatch.chdir(tmp_path)
        tiny_bert("minilm", hidden_size=384, layers=1)
