"""Data sets from files: CIFAR-10, spoken words, and folders of images.

Nothing is downloaded.  Inputs are standardised by the training rows; Pillow, which
Matplotlib brings, decodes images.
"""

from __future__ import annotations  # the pages are built without PyTorch

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from scipy.fft import dct
from torch.utils.data import Dataset

from .._validation import as_count, as_optional, as_rng

CEPSTRA = 10
"""Cepstral coefficients of a frame."""

SHORTER_SIDE = 256 / 224
"""Shorter side of a resized image, in units of the square that is cut out."""

ENDINGS = ".jpg", ".jpeg", ".png", ".bmp", ".webp"


class Halves(NamedTuple):
    """Training and test rows."""

    x: torch.Tensor
    """Inputs to train on, standardised."""
    y: torch.Tensor
    """Their labels."""
    test_x: torch.Tensor
    """Inputs to test on."""
    test_y: torch.Tensor
    """Their labels."""


def cifar10(path, *, rows: int | None = None, rng=None) -> Halves:
    """CIFAR-10, images (N, 3, 32, 32) of ten classes.

    Parameters
    ----------
    path : path-like
        Folder of the binary version (``data_batch_1.bin`` to ``test_batch.bin``), or an
        ``.npz`` file of JPEG images: ``train_jpeg`` (bytes in a row), ``train_end``
        (their ends), ``train_y``, and the same of ``test``.
    rows : int, optional
        Images to train on, chosen at random; all when left out.
    rng : None, int, Generator, optional

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or not of that form.
    """
    path, rng = Path(path), as_rng(rng)
    rows = as_optional(as_count, rows, "rows")
    if path.is_dir():
        x, y = _from_binary(sorted(path.glob("data_batch_*.bin")), path)
        chosen = _some(len(y), rows, rng)
        test_x, test_y = _from_binary([path / "test_batch.bin"], path)
        return _standardised(x[chosen], y[chosen], test_x, test_y, axes=(0, 2, 3))
    with np.load(path, allow_pickle=False) as file:
        chosen = _some(len(file["train_y"]), rows, rng)
        x = _decoded(file["train_jpeg"], file["train_end"], chosen)
        y, test_y = file["train_y"][chosen], file["test_y"]
        test_x = _decoded(file["test_jpeg"], file["test_end"], np.arange(len(test_y)))
    return _standardised(x, y, test_x, test_y, axes=(0, 2, 3))


def keywords(path) -> Halves:
    """Spoken words as cepstra (N, 1, frames, 10).

    Parameters
    ----------
    path : path-like
        An ``.npz`` file of logarithms of mel bands ``x`` (N, frames, bands), labels
        ``y`` (N,) and a mask ``test`` (N,) of the rows of other speakers.
    """
    with np.load(path, allow_pickle=False) as file:
        bands, y, test = file["x"].astype(float), file["y"], file["test"].astype(bool)
    x = dct(bands, axis=2, norm="ortho")[:, None, :, :CEPSTRA]
    return _standardised(x[~test], y[~test], x[test], y[test], axes=(0, 1, 2))


class ImageFolder(Dataset):
    """Images in one folder a class, as ImageNet's are, decoded when asked for.

    Parameters
    ----------
    path : path-like
        ``path/class/name.jpg``; classes are numbered in the order of their names.
    size : int
        Side of the square that is cut out of the middle.

    Raises
    ------
    FileNotFoundError
        When the folder has no folder with an image in it.
    """

    def __init__(self, path, *, size: int = 224):
        self.size = as_count(size, "size")
        folders = sorted(p for p in Path(path).iterdir() if p.is_dir())
        self.classes = [folder.name for folder in folders]
        self.images = [
            (image, label)
            for label, folder in enumerate(folders)
            for image in sorted(folder.iterdir())
            if image.suffix.lower() in ENDINGS
        ]
        if not self.images:
            raise FileNotFoundError(f"{path} has no folder with an image in it")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        """Image (3, size, size) of numbers in [-1, 1], and its label."""
        path, label = self.images[row]
        with Image.open(path) as image:
            whole = image.convert("RGB")
        scale = SHORTER_SIDE * self.size / min(whole.size)
        width, height = (max(self.size, round(scale * side)) for side in whole.size)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        box = left, top, left + self.size, top + self.size
        cut = whole.resize((width, height), Image.Resampling.BILINEAR).crop(box)
        array = np.asarray(cut, dtype=np.float32).transpose(2, 0, 1)
        return torch.from_numpy(array / 127.5 - 1.0), label


def _from_binary(paths, folder):
    """Images and labels of rows of a byte and 3,072."""
    if not paths:
        raise FileNotFoundError(f"{folder} has no data_batch_1.bin")
    content = np.concatenate([np.fromfile(path, dtype=np.uint8) for path in paths])
    if len(content) == 0 or len(content) % 3073:
        raise ValueError(f"{folder} has files that are not rows of 3073 bytes")
    rows = content.reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]


def _some(many, rows, rng):
    """Rows chosen at random, in their order; all where no number is given."""
    return np.sort(rng.permutation(many)[:rows])


def _decoded(joined, ends, rows):
    """JPEG images of joined bytes, (N, 3, 32, 32)."""
    starts = np.concatenate([[0], ends[:-1]])
    images = np.empty((len(rows), 3, 32, 32), dtype=np.uint8)
    for k, row in enumerate(rows):
        with Image.open(io.BytesIO(joined[starts[row] : ends[row]].tobytes())) as image:
            images[k] = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    return images


def _standardised(x, y, test_x, test_y, *, axes) -> Halves:
    """Tensors; inputs less the mean over axes, in units of the standard deviation."""
    mean = x.mean(axis=axes, keepdims=True, dtype=float)
    sd = x.std(axis=axes, keepdims=True, dtype=float)
    parts = [((part - mean) / sd).astype(np.float32) for part in (x, test_x)]
    labels = [
        torch.from_numpy(np.asarray(part, dtype=np.int64)) for part in (y, test_y)
    ]
    return Halves(
        torch.from_numpy(parts[0]), labels[0], torch.from_numpy(parts[1]), labels[1]
    )
