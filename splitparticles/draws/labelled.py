"""Draws (N, d) from arrays of other shapes."""


def as_rows(array, name: str):
    """Array (N, d): numbers (N,) are one coordinate, chains (steps, walkers, d) join.

    Parameters
    ----------
    array : ndarray or dask array
    name : str
        Its name in errors.

    Raises
    ------
    ValueError
        When it has another shape.
    """
    shape = array.shape
    if not 1 <= len(shape) <= 3 or 0 in shape:
        raise ValueError(f"{name} must have shape (N, d) with N, d >= 1, got {shape}")
    width = 1 if len(shape) == 1 else shape[-1]
    return array if len(shape) == 2 else array.reshape(-1, width)


def notes_on(shape: tuple) -> list[str]:
    """What a reader should know of how a shape was taken."""
    if len(shape) != 3:
        return []
    steps, walkers, d = shape
    return [
        f"draws of shape {shape} are taken for {steps} steps of {walkers} walkers in "
        f"{d} coordinates: {steps * walkers} rows"
    ]
