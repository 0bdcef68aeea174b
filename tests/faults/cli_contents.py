"""Contents of tables that people have."""

import io

import numpy as np

ROWS = [[0.5, 10.0], [1.5, -20.0], [-2.0, 30.25]]
W = [1.0, 2.0, 5.0]
PLAIN = b"a,b\n0.5,10\n1.5,-20\n-2,30.25\n"
LATIN = "größe,b\n0.5,10\n1.5,-20\n-2,30.25\n"
STAN = b"""# num_samples = 3
#     num_warmup = 2 (Default: 1000)
#     save_warmup = %b
#     thin = 1
lp__,accept_stat__,a,b
-90,1,99,99
-91,1,98,98
%b-1,0.9,0.5,10
-2,0.8,1.5,-20
-3,0.7,-2,30.25
#  Elapsed Time: 1 seconds
"""
ADAPTED = b"# Adaptation terminated\n# Step size = 0.7\n"
GETDIST = b"  1  7.5  0.5  10\n  2  7.5  1.5  -20\n  5  7.5  -2  30.25\n"
AB = ["a", "b"]
NO_WEIGHTS, NOTHING_SAID = None, ""


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()
