"""Public names of amzest.datasets, and errors for packages that are not installed."""

import subprocess
import sys

import pytest

from amzest import datasets


def test_public_names_are_sorted_and_importable():
    constants = [name for name in datasets.__all__ if name.isupper()]
    others = [name for name in datasets.__all__ if not name.isupper()]
    assert datasets.__all__ == constants + sorted(others)
    for name in datasets.__all__:
        assert getattr(datasets, name) is not None


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("read_amazon_metadata(path)", "msgspec"),
        ("read_amazon_metadata(path)", "pyjson5"),
        ("list(read_amazon_metadata(path))", "pyarrow"),
        ("clean_products(frame)", "ftfy"),
        ("download_images(frame, path + '-images')", "urllib3"),
        ("download_images(frame, path + '-images')", "PIL"),
        ("download_images(frame, path + '-images')", "pyarrow"),
        ("download_images(frame, path + '-images')", "tqdm"),
        ("prepare_products(path, path + '.out')", "pyarrow"),
        ("fetch_amazon_products('2014', data_home=path + '-home')", "pyarrow"),
    ],
)
def test_error_for_a_package_that_is_not_installed(tmp_path, call, missing):
    path = tmp_path / "meta"
    path.write_text("{'asin': 'a', 'title': 'b'}\n")
    code = f"""
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, NotInstalled())
import pandas as pd
from amzest.datasets import *
path = {str(path)!r}
frame = pd.DataFrame({{"title": ["Caf\\u00c3\\u00a9"], "image_url": ["http://a/b.jpg"]}})
try:
    {call}
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert call.partition("(")[0].removeprefix("list(") in done.stdout or (
        "read_amazon_metadata" in done.stdout
    )
    assert missing in done.stdout
    assert 'pip install "amzest[data]"' in done.stdout
