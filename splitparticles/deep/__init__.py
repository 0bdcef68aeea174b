"""Deep networks of PyTorch that grow by splitting."""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        'splitparticles.deep needs PyTorch: pip install "splitparticles[torch]"'
    ) from error

from .across import Across
from .costs import macs, parameters
from .layer import Layer
from .loaders import ImageFolder, cifar10, keywords
from .loop import rounds
from .models import ds_cnn, mobilenet_v1, mobilenet_v2, vgg
from .network import Network
from .training import SGD

__all__ = [
    "SGD",
    "Across",
    "ImageFolder",
    "Layer",
    "Network",
    "cifar10",
    "ds_cnn",
    "keywords",
    "macs",
    "mobilenet_v1",
    "mobilenet_v2",
    "parameters",
    "rounds",
    "vgg",
]
