"""Draws of any size, from memory, files, chunks or dask."""
