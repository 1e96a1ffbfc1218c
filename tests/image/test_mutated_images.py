"""Damaged images of every format are read or missing; nothing else comes of them."""

import fuzz_images
import PIL
import pytest

pytestmark = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13,
    reason="encoders of Pillow before 13 can crash on the images to damage",
)


def test_nothing_escapes_and_no_program_starts():
    report = fuzz_images.run(750, 1)
    assert report.exceptions == []
    assert report.n_started == 0
    assert report.n_images == 750
    assert report.n_read > 50


def test_the_hook_sees_programs(tmp_path):
    import io
    import subprocess

    from PIL import Image

    report = fuzz_images.run(1, 0)
    assert report.n_started == 0
    subprocess.run(["true"], check=True)
    assert "subprocess.Popen" in fuzz_images._started
    fuzz_images._started.clear()
    # What Pillow does with PostScript where nothing holds it back.
    with fuzz_images._watched(tmp_path) as called:
        eps = fuzz_images.make_seeds()["EPS"][0]
        with (
            pytest.raises((OSError, SyntaxError)),
            Image.open(io.BytesIO(eps)) as image,
        ):
            image.load()
        assert called.exists()
    assert fuzz_images._started
