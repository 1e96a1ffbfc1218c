"""Visit every page of the built documentation with headless Chromium."""

from __future__ import annotations

import contextlib
import functools
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, sync_playwright

#: Widths of a phone and of a desktop window, in pixels.
WIDTHS = (390, 1400)
#: Minimum contrast of text and of large text for WCAG level AA.
CONTRAST, CONTRAST_LARGE = 4.5, 3.0
#: Pages of which screenshots are kept.
SHOWN = (
    "index.html",
    "auto_examples/index.html",
    "auto_examples/first_steps/plot_quick_start.html",
    "api/generated/amzest.TextCNNClassifier.html",
    "user_guide/choosing.html",
)
#: Number of pixels by which a page is wider than its window.
OVERFLOW = """(({scrollWidth, clientWidth}) =>
    scrollWidth - clientWidth)(document.documentElement)"""
#: Tables of text that do not fit into the page, and cells with about a word per line.
#: Tables in the outputs of examples may scroll: they have as many columns as the data.
POOR_TABLES = """
() => {
  const linesOf = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const bottoms = [...range.getClientRects()].filter((r) => r.width > 1)
      .map((r) => r.bottom).sort((a, b) => a - b);
    return bottoms.filter((b, i) => i === 0 || b - bottoms[i - 1] > 8).length;
  };
  const found = new Set();
  for (const table of document.querySelectorAll("article table")) {
    if (!table.checkVisibility() || table.closest(".sphx-glr-script-out, .output_html"))
      continue;
    let box = table;
    while (box.parentElement && getComputedStyle(box).overflowX === "visible"
        && box.parentElement.tagName !== "ARTICLE") box = box.parentElement;
    const width = Math.max(box.scrollWidth, table.scrollWidth);
    const title = table.textContent.trim().replace(/\\s+/g, " ").slice(0, 40);
    if (width > box.clientWidth + 1)
      found.add(`cut off by ${width - box.clientWidth} px: ${title}`);
    for (const cell of table.querySelectorAll("td, th")) {
      if (cell.querySelector("li, dl, pre, .line")) continue;
      const words = cell.textContent.trim().split(/\\s+/).length;
      const lines = linesOf(cell);
      if (lines > Math.max(3, words * 0.7))
        found.add(`squeezed, ${words} words in ${lines} lines: `
          + cell.textContent.trim().replace(/\\s+/g, " ").slice(0, 40));
    }
  }
  return [...found];
}
"""
#: Text with too little contrast to its background, as "ratio: words".
PALE_TEXT = """
([ordinary, large]) => {
  const channels = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    if (text.startsWith("color(")) return numbers.slice(0, 3).map((c) => c * 255)
      .concat(numbers[3] ?? 1);
    return [...numbers.slice(0, 3), numbers[3] ?? 1];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255)
      .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, below) => top.slice(0, 3)
    .map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const layer = channels(getComputedStyle(e).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse()
      .reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!words || !element.checkVisibility({opacityProperty: true,
        visibilityProperty: true})) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = over(channels(style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const big = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (big ? large : ordinary))
      found.add(`${ratio.toFixed(1)}: ${words.slice(0, 40)}`);
  }
  return [...found];
}
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without logging."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; yield its address."""
    handler = functools.partial(QuietHandler, directory=str(root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def complaints(page: Page, address: str) -> Iterator[list[str]]:
    """Collect console errors, failed requests and requests to other hosts."""
    found: list[str] = []

    def on_console(message: Any) -> None:
        if message.type == "error":
            found.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            found.append(f"requests {request.url} from another host")

    def on_failure(request: Any) -> None:
        # The search page loads its results for summaries; leaving it aborts that.
        if "ERR_ABORTED" not in str(request.failure):
            found.append(f"failed: {request.url} ({request.failure})")

    def on_response(response: Any) -> None:
        if response.status >= 400:
            found.append(f"{response.status} for {response.url}")

    listeners: dict[Any, Any] = {
        "console": on_console,
        "pageerror": lambda error: found.append(f"script error: {error}"),
        "request": on_request,
        "requestfailed": on_failure,
        "response": on_response,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield found
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def visit(page: Page, address: str, name: str, mode: str, width: int) -> list[str]:
    """Open one page in one colour mode and width; return its faults."""
    page.set_viewport_size({"width": width, "height": 900})
    with complaints(page, address) as found:
        page.goto(f"{address}/{name}", wait_until="load")
        overflow = page.evaluate(OVERFLOW)
        tables = page.evaluate(POOR_TABLES)
    found += [f"table {problem}" for problem in tables[:5]]
    if overflow > 0:
        found.append(f"is {overflow} px wider than the window")
    shown = page.evaluate("document.documentElement.dataset.theme")
    if shown != mode:
        found.append(f"shows the theme {shown!r}, not {mode!r}")
    pale = page.evaluate(PALE_TEXT, [CONTRAST, CONTRAST_LARGE])
    found += [f"contrast {words!r}" for words in pale[:5]]
    return [f"{name} ({mode}, {width} px): {text}" for text in found]


def search(page: Page, address: str, name: str) -> list[str]:
    """Search for the last part of a public name; its page must be among the results."""
    words = name.rpartition(".")[2]
    link = f'#search-results a[href*="{name}.html"]'
    with complaints(page, address) as found:
        page.goto(f"{address}/search.html?q={words}", wait_until="load")
        try:
            page.wait_for_selector(link, state="attached", timeout=15_000)
        except Error:
            found.append("its page is not among the results")
    return [f"search for {words}: {text}" for text in found]


def browse(
    root: Path, pages: list[str], names: list[str], screenshots: Path | None
) -> list[str]:
    """Visit pages in both colour modes and widths, search for names."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit(
            "Chromium is not installed (on Debian: apt-get install chromium). "
            "Install it, or pass --no-browser to check the files only."
        )
    findings: list[str] = []
    with served(root) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for mode in ("light", "dark"):
            context = browser.new_context(color_scheme=mode)
            page = context.new_page()
            for name in pages:
                for width in WIDTHS:
                    findings += visit(page, address, name, mode, width)
                    if screenshots and name in SHOWN:
                        stem = name.removesuffix(".html").replace("/", "-")
                        screenshots.mkdir(parents=True, exist_ok=True)
                        page.screenshot(
                            path=screenshots / f"{stem}-{mode}-{width}.png",
                            full_page=width == WIDTHS[0],
                        )
            if mode == "light":
                for name in names:
                    findings += search(page, address, name)
            context.close()
        browser.close()
    return findings
