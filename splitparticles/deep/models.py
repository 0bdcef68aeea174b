"""Small networks that are grown: MobileNets, VGG, and one for spoken words.

Each takes one width, from which those of its layers follow by the published pattern, or
the widths of all its layers, such as those of a network that has grown.
"""

from __future__ import annotations  # the pages are built without PyTorch

from collections.abc import Sequence

from torch import nn

from .._validation import as_count

MOBILENET_V1 = (1, 2, 4, 4, 8, 8), (1, 2, 1, 2, 1)
"""Widths of the stem and the pointwise layers, and strides between them."""

MOBILENET_V2 = (2, 3, 4, 6), (1, 2, 2, 2)
"""Widths of the residual streams, and strides into them."""

EXPANSION = 4
"""Expansion of the streams within a block of MobileNetV2."""

VGG = (1, 2, 4, 4, 8, 8), (True, True, False, True, False, True)
"""Widths of the layers, and where their output is pooled."""

DS_CNN = (1, 1, 1, 1, 1)
"""Widths of the stem and the pointwise layers."""


def mobilenet_v1(
    width: int | Sequence[int] = 8, *, classes: int = 10, channels: int = 3
) -> nn.Module:
    """MobileNet of depthwise and pointwise layers, for small images.

    Parameters
    ----------
    width : int, or sequence of six of them
    classes, channels : int
        Outputs of the network, and channels of the images.

    Examples
    --------
    >>> import torch
    >>> from splitparticles import deep
    >>> deep.mobilenet_v1(4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    pattern, strides = MOBILENET_V1
    w = _widths(width, pattern)
    layers = _block(channels, w[0], 3, stride=2)
    for a, b, stride in zip(w[:-1], w[1:], strides, strict=True):
        layers += _separable(a, b, stride)
    return _classifier(layers, w[-1], classes)


def ds_cnn(
    width: int | Sequence[int] = 12, *, classes: int = 12, channels: int = 1
) -> nn.Module:
    """Depthwise separable network for spoken words, of cepstra (N, 1, 49, 10).

    Parameters
    ----------
    width : int, or sequence of five of them
    classes, channels : int
        Outputs of the network, and channels of its inputs.
    """
    w = _widths(width, DS_CNN)
    layers = _block(channels, w[0], (10, 4), stride=2, padding=(4, 1))
    for a, b in zip(w[:-1], w[1:], strict=True):
        layers += _separable(a, b, 1)
    return _classifier(layers, w[-1], classes)


def vgg(
    width: int | Sequence[int] = 8, *, classes: int = 10, channels: int = 3
) -> nn.Module:
    """VGG network with batch norm, for small images.

    Parameters
    ----------
    width : int, or sequence of six of them
    classes, channels : int
        Outputs of the network, and channels of the images.
    """
    pattern, pooled = VGG
    w = _widths(width, pattern)
    layers: list[nn.Module] = []
    for a, b, pools in zip([channels, *w[:-1]], w, pooled, strict=True):
        layers += [*_block(a, b, 3), *([nn.MaxPool2d(2)] if pools else [])]
    return _classifier(layers, w[-1], classes)


class InvertedResidual(nn.Module):
    """Block of MobileNetV2: expansion, depthwise filter, linear projection.

    Parameters
    ----------
    narrow : int
        Channels that come in.
    wide : int
        Channels of the depthwise filter.
    out : int
        Channels that go out; where they are as many as come in and nothing is strided,
        what came in is added.
    stride : int
    """

    def __init__(self, narrow: int, wide: int, out: int, stride: int):
        super().__init__()
        self.adds = narrow == out and stride == 1
        self.expand = nn.Sequential(*_block(narrow, wide, 1))
        self.filter = nn.Sequential(*_block(wide, wide, 3, stride=stride, groups=wide))
        project = nn.Conv2d(wide, out, 1, bias=False)
        self.project = nn.Sequential(project, nn.BatchNorm2d(out))

    def forward(self, x):
        """Output of the block, (N, out, ...)."""
        z = self.project(self.filter(self.expand(x)))
        return x + z if self.adds else z


def mobilenet_v2(
    width: int | Sequence[int] = 4, *, classes: int = 10, channels: int = 3
) -> nn.Module:
    """MobileNet of inverted residual blocks, two a stream, for small images.

    Parameters
    ----------
    width : int, or sequence of them
        With a sequence, the widths inside the eight blocks; the streams are those of a
        width of 4.
    classes, channels : int
        Outputs of the network, and channels of the images.
    """
    pattern, strides = MOBILENET_V2
    unit = as_count(width, "width") if isinstance(width, int) else 4
    streams = [unit * k for k in pattern for _ in range(2)]
    before = [streams[0], *streams[:-1]]
    inside = [EXPANSION * narrow for narrow in before]
    if not isinstance(width, int):
        inside = _widths(width, tuple(inside))
    layers = _block(channels, streams[0], 3)
    every = [s for stride in strides for s in (stride, 1)]
    for block in zip(before, inside, streams, every, strict=True):
        layers.append(InvertedResidual(*block))
    layers += _block(streams[-1], 4 * streams[-1], 1)
    return _classifier(layers, 4 * streams[-1], classes)


def _widths(width, pattern) -> list[int]:
    """Widths of all layers."""
    if isinstance(width, Sequence):
        if len(width) != len(pattern):
            raise ValueError(
                f"width must be a number or {len(pattern)} of them, got {len(width)}"
            )
        return [as_count(w, "width") for w in width]
    return [as_count(width, "width") * k for k in pattern]


def _block(a, b, kernel, *, stride=1, padding=None, groups=1) -> list[nn.Module]:
    """Convolution, batch norm and ramp."""
    padding = kernel // 2 if padding is None else padding
    options = {"stride": stride, "padding": padding, "groups": groups, "bias": False}
    return [nn.Conv2d(a, b, kernel, **options), nn.BatchNorm2d(b), nn.ReLU()]


def _separable(a, b, stride):
    """Depthwise and pointwise layer."""
    return [*_block(a, a, 3, stride=stride, groups=a), *_block(a, b, 1)]


def _classifier(layers, width, classes) -> nn.Module:
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(
        *layers, *pooled, nn.Linear(width, as_count(classes, "classes"))
    )
