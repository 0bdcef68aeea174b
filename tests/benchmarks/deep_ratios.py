"""Change of the loss by a split over its prediction, in a small deep network.

    python tests/benchmarks/deep_ratios.py

Convolutions, a residual block of MobileNetV2, pooling, linear layers, in double
precision; half a minute.  For each activation and mode of batch norm: the steepest
neuron of each of four layers, alone; all neurons of a layer against the sum of their
single changes; all neurons of all layers against the prediction.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "deep"))
from deep_examples import network, nn, torch

from splitparticles.growth.candidates import halves

STEPS = 0.1, 0.01, 0.001


def ratios(net):
    """Rows of ratios: alone, by layers and steps; together; all; change at no step."""
    alone, together, splits, predicted, still = [], [], {}, 0.0, 0.0
    for name, layer in net.sites.items():
        values, vectors = np.linalg.eigh(layer.splitting_matrices(layer.particles))
        least, v = values[:, 0], vectors[:, :, 0]
        i, n = int(least.argmin()), len(least)
        of_one = [layer.split_change(layer.particles, [i], [v[i]], [e]) for e in STEPS]
        alone.append(
            [c[0] / (0.5 * e**2 * least[i]) for c, e in zip(of_one, STEPS, strict=True)]
        )
        splits[name] = halves(range(n), v, least)
        single = layer.changes(layer.particles, splits[name], 0.01).sum()
        change = net.split({name: splits[name]}, 0.01)[0].value - net.value
        together.append(change / single)
        still = max(
            still, abs(net.split({name: splits[name]}, 0.0)[0].value - net.value)
        )
        predicted += 0.5e-6 * least.sum()
    change = net.split(splits, 1e-3)[0].value - net.value
    return np.array(alone), np.array(together), change / predicted, still


def main():
    """Print the table."""
    torch.set_num_threads(1)
    print(
        "activation  batch norm   alone, at steps 0.1, 0.01, 0.001            "
        "layer over sum    all layers  at step 0"
    )
    for activation in (nn.Tanh, nn.SiLU, nn.GELU, nn.Softplus, nn.ReLU):
        for batch in (False, True):
            alone, together, everything, still = ratios(
                network(activation, batch_statistics=batch)
            )
            cells = "  ".join(
                f"{low:.5f} to {high:.5f}"
                for low, high in zip(alone.min(axis=0), alone.max(axis=0), strict=True)
            )
            print(
                f"{activation.__name__:10s}  {'rows' if batch else 'running':8s}  "
                f"{cells}  {together.min():.4f} to {together.max():.4f}  "
                f"{everything:.5f}  {still:.0e}"
            )


if __name__ == "__main__":
    main()
