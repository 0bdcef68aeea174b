"""Check the links of the built pages, and that they need no other host.

``python docs/check_links.py docs/_build`` ends with 1 where a link or an image leads to
no file, to no place of its page, or where a page loads something from another host.
Links to other hosts are listed with ``--list``; whether those exist is asked with
``python -m sphinx -b linkcheck``, which needs a network.
"""

import argparse
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("source", "src")}
PASSIVE = {"canonical", "alternate", "author"}  # links of a head that load nothing


class Page(HTMLParser):
    """Places of a page, and what it links to and loads."""

    def __init__(self, path: Path):
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Keep ids, names, links and sources."""
        known = dict(attributes)
        self.places |= {known[key] for key in ("id", "name") if known.get(key)}
        for key, value in attributes:
            if (tag, key) in LOADED and known.get("rel") not in PASSIVE:
                self.loads.append(value or "")
            elif (tag, key) == ("a", "href"):
                self.links.append(value or "")


def faults(root: Path) -> tuple[list[str], set[str]]:
    """Faults of all pages below a folder, and their links to other hosts."""
    built = [path for path in root.rglob("*.html") if "_static" not in path.parts]
    pages = {path.resolve(): Page(path) for path in built}
    wrong, outside = [], set()
    for path, page in pages.items():
        name = path.relative_to(root.resolve())
        wrong += [f"{name} loads {x}" for x in page.loads if urlsplit(x).netloc]
        for link in {*page.links, *page.loads}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside.add(link)
                continue
            target = (path.parent / unquote(parts.path)).resolve()
            target = path if not parts.path else target
            place = unquote(parts.fragment)
            if not target.exists():
                wrong.append(f"{name} links to {link}: no such file")
            elif place and target in pages and place not in pages[target].places:
                wrong.append(f"{name} links to {link}: no such place")
    return wrong, {link for link in outside if not link.startswith("data:")}


def main() -> None:
    """Print the faults; end with 1 where there are some."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    wrong, outside = faults(arguments.folder)
    print("\n".join(wrong + (sorted(outside) if arguments.list else [])))
    print(f"{len(wrong)} faults, {len(outside)} links to other hosts")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
