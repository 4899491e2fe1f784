"""Weights and inputs that a short rule makes, the same here and in storyeval's tests (`src/weights/testing.rs`).

A checkpoint of 100 MB is then a name and this page, and what a network gives for it can be stored in a few lines.
"""

import hashlib
import math

import numpy as np


def units(key: str, count: int) -> np.ndarray:
    """`count` multiples of 2^-24 from 0 up to 1: SplitMix64 from the first 8 bytes of the SHA-256 of `key`."""
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-24


def weights(key: str, shape: tuple[int, ...], salt: str = "") -> np.ndarray:
    """float32 that keep the activations of a network in range: gains and variances from 0.5 to 1.5, biases and means
    from -0.1 to 0.1, matrices and kernels by their number of inputs."""
    unit = units(salt + key, math.prod(shape)).reshape(shape)
    if key.endswith("running_var") or (len(shape) == 1 and key.endswith(".weight")):
        return (unit + 0.5).astype(np.float32)
    if len(shape) < 2:
        return (unit * 0.2 - 0.1).astype(np.float32)
    reach = math.sqrt(6.0 / math.prod(shape[1:]))
    return ((unit * 2.0 - 1.0) * reach).astype(np.float32)


def pixels(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """float32 from -1 to 1."""
    return (units(name, math.prod(shape)).reshape(shape) * 2.0 - 1.0).astype(np.float32)


def tokens(name: str, rows: int, context: int, words: int) -> np.ndarray:
    """int64 rows of begin, 5 words per row and one more, end, and zeros. Begin is `words`, end `words` + 1."""
    ids = np.zeros((rows, context), np.int64)
    found = (units(name, rows * context).reshape(rows, context) * words).astype(np.int64)
    for row in range(rows):
        end = 2 + 5 * (row + 1)
        ids[row, 0], ids[row, 1:end], ids[row, end] = words, found[row, 1:end], words + 1
    return ids
