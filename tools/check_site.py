"""Check the built documentation: links, alternative texts, pages and search.

    python tools/check_site.py docs/_build/html

First the files: every internal link and anchor resolves, every image has alternative
text, and every public class and function has a page that names an example. Then, with
headless Chromium, the pages: no console errors and no failed or foreign requests, no
sideways scrolling, no cut off or squeezed tables at 390 and 1400 px, legible text in
light and dark mode, and a search that finds every public name. `--no-browser` omits the
second part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup, Tag
from public_api import shortest_paths

#: Pages of source code: their links are checked, the browser does not visit them.
SOURCE_PAGES = "_modules"

#: Names for new networks: the user guide explains them instead of an example.
FOR_SUBCLASSES = ("amzest.text.", "amzest.image.")


class Page:
    """One HTML file of the site."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    @cached_property
    def anchors(self) -> set[str]:
        """Return the anchors of the page."""
        named = self.soup.find_all("a", {"name": True})
        found = {str(tag["id"]) for tag in self.soup.find_all(id=True)}
        return found | {str(tag["name"]) for tag in named}

    def targets(self) -> Iterator[str]:
        """Yield the addresses that the page links to or loads."""
        for name, attribute in (
            ("a", "href"),
            ("link", "href"),
            ("img", "src"),
            ("script", "src"),
        ):
            for tag in self.soup.find_all(name, {attribute: True}):
                if isinstance(tag, Tag):
                    yield str(tag[attribute])


def broken_links(pages: dict[Path, Page]) -> Iterator[str]:
    """Yield internal links to files or anchors that do not exist."""
    for page in pages.values():
        for target in sorted(set(page.targets())):
            address, fragment = urldefrag(target)
            if urlsplit(address).scheme or address.startswith("//"):
                continue
            path = page.path
            if address:
                path = (page.path.parent / unquote(urlsplit(address).path)).resolve()
            if path.is_dir():
                path /= "index.html"
            if not path.is_file():
                yield f"{page.name}: {target} leads to no file"
            elif fragment and path in pages:
                # ":~:text=" is a text fragment, resolved by the browser.
                anchor = unquote(fragment).partition(":~:")[0]
                if anchor and anchor not in pages[path].anchors:
                    yield f"{page.name}: {target} has no such anchor"


def bare_images(pages: dict[Path, Page]) -> Iterator[str]:
    """Yield images without alternative text."""
    for page in pages.values():
        for image in page.soup.find_all("img"):
            if isinstance(image, Tag) and not str(image.get("alt", "")).strip():
                yield f"{page.name}: {image.get('src')} has no alternative text"


def missing_pages(root: Path, names: dict[str, object]) -> Iterator[str]:
    """Yield public names without a page, or whose page links to no example."""
    for name in names:
        path = root / "api" / "generated" / f"{name}.html"
        if not path.is_file():
            yield f"{name} has no page"
        elif name.startswith(FOR_SUBCLASSES):
            continue
        elif "sphx-glr-thumbcontainer" not in path.read_text(encoding="utf-8"):
            yield f"{name} is used in no example"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder with index.html")
    parser.add_argument("--no-browser", action="store_true", help="check files only")
    parser.add_argument(
        "--screenshots", type=Path, help="folder for screenshots of some of the pages"
    )
    options = parser.parse_args()
    root = options.folder.resolve(strict=True)
    files = sorted(root.rglob("*.html"))
    pages = {p: Page(p, root) for p in files if p.parent.name != "_static"}
    names = shortest_paths()
    findings = [
        *broken_links(pages),
        *bare_images(pages),
        *missing_pages(root, names),
    ]
    print(f"{len(pages)} files, {len(findings)} findings")
    if not options.no_browser:
        from browse_site import browse

        addresses = [
            page.name
            for page in pages.values()
            if not page.name.startswith(SOURCE_PAGES)
        ]
        seen = browse(root, addresses, list(names), options.screenshots)
        print(f"{len(addresses)} pages in the browser, {len(seen)} findings")
        findings += seen
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
