"""Prints the first draws of the random ground-truth frame rule, from the definition alone: ChaCha with
8 rounds (counter and stream 0) keyed by SHA-256 of a label, the seed and the clip id.

    python tools/golden/ground_truth_frame.py
"""

import hashlib
import struct


def rotate(x, n):
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def quarter(s, a, b, c, d):
    for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] = rotate(s[z] ^ s[x], n)


def first_u64(key):
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key), 0, 0, 0, 0]
    s = list(start)
    for _ in range(4):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(s, a, b, c, d)
        for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, a, b, c, d)
    words = [(x + y) & 0xFFFFFFFF for x, y in zip(s, start)]
    return words[0] | words[1] << 32


def frame(seed, clip, frames):
    label = b"storyeval ground-truth frame\0"
    key = hashlib.sha256(label + struct.pack("<Q", seed) + clip.encode()).digest()
    return first_u64(key) * frames >> 64


if __name__ == "__main__":
    print([frame(1, f"clip {index}", 5) for index in range(8)])
