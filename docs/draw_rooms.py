"""Picture of the rooms of the package, ``docs/images/rooms.svg``.

``python docs/draw_rooms.py`` measures the package and draws it again: the area of a box
counts the lines of a room, a row is a floor, a curve is an import of a lower room by a
higher one (faint where other imports imply it).  Files that every room may use are the
ground, the public names the roof.
"""

import math
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path as Curve

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))
from test_rooms import ARROWS, FILES, FLOORS, room_of  # noqa: E402

ROOF = {"__init__", "__main__", "_versions", "cli", "testing"}
GROUND = FLOORS[0] - {"_compiled"}
COLOURS = ["#4f5d75", "#2a7f8e", "#5c8f4e", "#c8842b", "#b9473f", "#74508f", "#3f5ea8"]
INK = "#2f3640"
WIDTH, STOREY, ASPECT = 160.0, 22.0, 2.1
INCHES = 11.5 / WIDTH


def measured():
    """Lines of each room, and the pairs (importing room, imported room)."""
    lines = {}
    for path in FILES:
        room = room_of(path)
        lines[room] = lines.get(room, 0) + len(path.read_text().splitlines())
    arrows = {(room_of(path), room_of(target)) for path, target in ARROWS}
    aside = ROOF | GROUND
    return lines, {(a, b) for a, b in arrows if a != b and not {a, b} & aside}


def below(room, arrows):
    """All rooms that a room imports, directly or through others."""
    direct = {target for source, target in arrows if source == room}
    return direct.union(*(below(target, arrows) for target in direct))


def not_implied(arrows):
    """Imports that do not follow from a chain of others."""
    reach = {room: below(room, arrows) for pair in arrows for room in pair}
    return {
        (a, b) for a, b in arrows if not any(b in reach[c] for s, c in arrows if s == a)
    }


def in_a_row(row, width):
    """Left edges of the boxes of a floor, spread over its length."""
    gap = (WIDTH - sum(width[room] for room in row)) / (len(row) + 1)
    edges, left = {}, gap
    for room in row:
        edges[room] = left
        left += width[room] + gap
    return edges


def placed(floors, lines, arrows):
    """Boxes (left, bottom, width, height) in an order that crosses few arrows."""
    widest = max(sum(math.sqrt(lines[room]) for room in row) for row in floors)
    scale = 0.9 * WIDTH / widest
    width = {room: scale * math.sqrt(lines[room]) for row in floors for room in row}
    rows = [sorted(row) for row in floors]
    for _ in range(30):  # a room moves to the mean of the rooms it is joined to
        middle = {
            room: left + width[room] / 2
            for row in rows
            for room, left in in_a_row(row, width).items()
        }
        pull = {}
        for room in middle:
            joined = [b for a, b in arrows if a == room]
            joined += [a for a, b in arrows if b == room]
            at = [middle[other] for other in joined or [room]]
            pull[room] = sum(at) / len(at)
        rows = [sorted(row, key=pull.get) for row in rows]
    return {
        room: (left, STOREY * level, width[room], width[room] / ASPECT)
        for level, row in enumerate(rows)
        for room, left in in_a_row(row, width).items()
    }


def spread(room, partners, boxes):
    """Points along the middle of a box's edge, in the order of the partners."""
    left, _, width, _ = boxes[room]
    partners = sorted(partners, key=lambda other: boxes[other][0])
    return {
        other: left + width * (0.15 + 0.7 * (i + 0.5) / len(partners))
        for i, other in enumerate(partners)
    }


def ends_of(arrows, boxes):
    """Each arrow with the start and the end of its curve."""
    down = {r: spread(r, [b for a, b in arrows if a == r], boxes) for r in boxes}
    up = {r: spread(r, [a for a, b in arrows if b == r], boxes) for r in boxes}
    for a, b in sorted(arrows):
        top = boxes[b][1] + boxes[b][3]
        yield (a, b), (down[a][b], boxes[a][1]), (up[b][a], top)


def add_curve(ax, start, end, **style):
    """Curve that leaves downwards and arrives downwards."""
    (x0, y0), (x1, y1) = start, end
    reach = 0.5 * (y0 - y1)
    points = [(x0, y0), (x0, y0 - reach), (x1, y1 + reach), (x1, y1)]
    path = Curve(points, [Curve.MOVETO, *3 * [Curve.CURVE4]])
    ax.add_patch(PathPatch(path, fill=False, capstyle="round", zorder=1, **style))


def add_room(ax, name, count, box, colour):
    """Box with its name and lines inside, or above it where it is too small."""
    left, bottom, width, height = box
    shape = "round,pad=0,rounding_size=0.9"
    patch = FancyBboxPatch((left, bottom), width, height, shape, fc=colour, ec="white")
    ax.add_patch(patch)
    fits = width * INCHES > 0.1 * len(name)
    ax.text(
        left + width / 2,
        bottom + (height / 2 if fits else height + 1.4),
        f"{name}\n{count:,}" if fits else f"{name} {count:,}",
        color="white" if fits else colour,
        size=9 if fits else 8,
        ha="center",
        va="center",
    )


def draw():
    """Figure of the package as it is now."""
    lines, arrows = measured()
    floors = [row for floor in FLOORS if (row := floor - GROUND - ROOF)]
    bold = not_implied(arrows)
    boxes = placed(floors, lines, bold)
    colour = {r: COLOURS[i % len(COLOURS)] for i, row in enumerate(floors) for r in row}
    top = max(bottom + height for _, bottom, _, height in boxes.values()) + 5

    fig, ax = plt.subplots(figsize=(INCHES * (WIDTH + 10), INCHES * (top + 24)))
    for pair, start, end in ends_of(arrows, boxes):
        width, alpha = (1.6, 0.9) if pair in bold else (0.6, 0.35)
        add_curve(ax, start, end, color=colour[pair[0]], lw=width, alpha=alpha)
    for room, box in boxes.items():
        add_room(ax, room, lines[room], box, colour[room])

    left, right = -4, WIDTH + 4
    ax.add_patch(Polygon([(left, top), (WIDTH / 2, top + 14), (right, top)], fc=INK))
    ax.add_patch(Polygon([(left, -4), (right, -4), (right, -9), (left, -9)], fc=INK))
    doors = "import splitparticles as sp\ncli · testing"
    ground = "      ".join(f"{room} {lines[room]}" for room in sorted(GROUND))
    for y, words in ((top + 4.5, doors), (-6.6, ground)):
        ax.text(WIDTH / 2, y, words, color="white", size=9, ha="center", va="center")
    ax.set(xlim=(-5, WIDTH + 5), ylim=(-10, top + 14), aspect="equal")
    ax.axis("off")
    return fig


if __name__ == "__main__":
    matplotlib.rcParams["svg.hashsalt"] = "rooms"  # the same picture, the same file
    picture = DOCS / "images" / "rooms.svg"
    draw().savefig(picture, bbox_inches="tight", metadata={"Date": None})
