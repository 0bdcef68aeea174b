"""Open the built pages in a headless Chromium, and say what is wrong with them.

``python docs/open_pages.py docs/_build FOLDER`` opens every page at the widths of a
phone, a tablet and a desk, at the last in a dark scheme too, puts screenshots into the
folder, and ends with 1 where

* a page asks another host for something, has an error on its console, or an image that
  does not load;
* a page is wider than its window, blocks of it overlap, or code is cut off.

Words after the folder choose pages by parts of their names; without any, one page of
the API stands for all.  It needs ``pip install playwright`` and a Chromium, which
``--chromium`` names (``playwright install chromium`` brings one, too).
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTHS = (360, 768, 1200)
LEFT_OUT = ("genindex", "py-modindex", "search", "_", "api/")
ALWAYS = "api/splitparticles.sample.html"

FAULTS = """
() => {
  const faults = [], window_ = document.documentElement.clientWidth;
  const name = e => e.tagName + " " + (e.textContent || e.src).trim().slice(0, 40);
  if (document.documentElement.scrollWidth > window_ + 1)
    faults.push("wider than the window: " + document.documentElement.scrollWidth);
  for (const image of document.images)
    if (image.getClientRects().length && !(image.complete && image.naturalWidth))
      faults.push("missing image " + image.src);
  for (const code of document.querySelectorAll("article pre")) {
    const scrolls = /auto|scroll/.test(getComputedStyle(code).overflowX);
    if (code.scrollWidth > code.clientWidth + 1 && !(scrolls && window_ < 1000))
      faults.push("code cut off: " + name(code));
  }
  if (document.querySelector("mjx-merror, .math:not(:has(mjx-container))"))
    faults.push("a formula is not drawn");
  const blocks = [...document.querySelectorAll(
    "article :is(h1, h2, h3, p, pre, table, img, dt, .sd-card), .bd-header, footer"
  )].filter(e => e.getClientRects().length).map(e => [e, e.getBoundingClientRect()]);
  for (let i = 0; i < blocks.length; i++)
    for (let j = i + 1; j < Math.min(i + 40, blocks.length); j++) {
      const [[a, r], [b, s]] = [blocks[i], blocks[j]];
      if (a.contains(b) || b.contains(a)) continue;
      if (a.closest(".sphx-glr-thumbcontainer")) continue;  // a hint lies over it
      const x = Math.min(r.right, s.right) - Math.max(r.left, s.left);
      const y = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
      if (x > 2 && y > 2) faults.push(`overlap: ${name(a)} | ${name(b)}`);
    }
  return faults;
}
"""


def pages(root, words):
    """Names of the pages to be opened."""
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*.html"))
    if words:
        return [name for name in names if any(word in name for word in words)]
    return [n for n in names if n == ALWAYS or not n.startswith(LEFT_OUT)]


def faults_of(page, url, width):
    """What is wrong with a page at a width."""
    faults = []

    def asked(request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            faults.append(f"asks for {request.url}")

    def said(message):
        if message.type == "error":
            faults.append(f"console: {message.text}")

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(url)
    page.evaluate("window.MathJax && MathJax.startup.promise")  # formulas are drawn
    page.wait_for_timeout(150)
    return faults + page.evaluate(FAULTS)


def opened(browser, root, names, folder):
    """Faults of all pages, and their screenshots."""
    for name in names:
        for width, scheme in [*((w, "light") for w in WIDTHS), (WIDTHS[-1], "dark")]:
            page = browser.new_page(color_scheme=scheme)
            faults = faults_of(page, (root / name).as_uri(), width)
            shot = (
                f"{name.removesuffix('.html').replace('/', '-')}-{width}-{scheme}.png"
            )
            page.screenshot(path=folder / shot, full_page=True)
            page.close()
            yield from (f"{name} at {width}, {scheme}: {fault}" for fault in faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    root = options.site.resolve()
    names = pages(root, options.words)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox"]
        )
        faults = list(opened(browser, root, names, options.folder))
        browser.close()
    print(*faults, f"{len(names)} pages, {len(faults)} faults", sep="\n")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
