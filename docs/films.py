"""Films of the demos for the gallery: GIF files that a block of a demo wrote."""

import shutil
from pathlib import Path

from sphinx_gallery.scrapers import figure_rst


def shown(block, block_vars, gallery_conf):
    """Text that shows each film, moved from the folder of the demos into the pages."""
    folder = Path(block_vars["src_file"]).parent
    films = []
    for film in sorted(folder.glob("*.gif")):
        place = Path(next(block_vars["image_path_iterator"])).with_suffix(".gif")
        films.append(shutil.move(film, place))
    return figure_rst(films, gallery_conf["src_dir"])
