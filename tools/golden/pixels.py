"""The pixels and places that golden values of resizing are made of; the Rust tests repeat them."""


def lcg(state):
    """The linear congruential generator that the Rust test repeats."""
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 24


def noise(width, height):
    """Bytes of an RGB image, row by row."""
    values = lcg(12345)
    return bytes(next(values) for _ in range(width * height * 3))


def places(size, count=48):
    """Corners first, then by the generator: channel, row, column."""
    width, height = size
    values = lcg(7)
    corners = [(0, 0, 0), (1, 0, width - 1), (2, height - 1, 0), (0, height - 1, width - 1)]

    def word():
        return next(values) * 256 + next(values)

    return corners + [(next(values) % 3, word() % height, word() % width) for _ in range(count - 4)]
