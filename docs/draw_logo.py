"""Logo: a particle that splits in two along the long axis of an ellipse.

``python docs/draw_logo.py`` writes ``logo-light.svg`` and ``logo-dark.svg`` of
``docs/_static``.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "_static"
COLOURS = {"light": ("#2a7f8e", "#b9473f"), "dark": ("#7fd0dd", "#ef9a8d")}
LOGO = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <title>splitparticles</title>
  <g transform="translate(32 32) rotate(-32)">
    <ellipse rx="29" ry="16" fill="none" stroke="{target}" stroke-width="3"/>
    <ellipse rx="21" ry="9" fill="none" stroke="{target}" opacity="0.6"/>
    <path d="M-8 0H8" stroke="{particle}" stroke-width="3"/>
    <circle r="4" fill="none" stroke="{particle}" stroke-width="2"/>
    <circle cx="-14" r="6" fill="{particle}"/>
    <circle cx="14" r="6" fill="{particle}"/>
  </g>
</svg>
"""

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (target, particle) in COLOURS.items():
        picture = LOGO.format(target=target, particle=particle)
        (FOLDER / f"logo-{name}.svg").write_text(picture)
