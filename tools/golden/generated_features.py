"""Features that Python and Rust (src/metric/golden.rs) both make from integers, so that golden files
need not hold them.

mixed(i)    = splitmix64 of i
value(i, j) = (own + 2 * shared + (seed % 4) * 2^17) / 2^20      every step exact in float32
own         = mixed(seed * 2^40 + i * dim + j) >> 44             20 bits
shared      = mixed(seed * 2^40 + 2^39 + i * 8 + j % 8) >> 44    each eighth column shares it
"""

import numpy


def mixed(index):
    with numpy.errstate(over="ignore"):
        z = (index + numpy.uint64(1)) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return z ^ (z >> numpy.uint64(31))


def fill(rows, dim, seed):
    """float32, [rows, dim]."""
    i, j = numpy.meshgrid(numpy.arange(rows, dtype="uint64"), numpy.arange(dim, dtype="uint64"), indexing="ij")
    start = numpy.uint64(seed << 40)
    own = mixed(start + i * numpy.uint64(dim) + j) >> numpy.uint64(44)
    shared = mixed(start + numpy.uint64(1 << 39) + i * numpy.uint64(8) + j % numpy.uint64(8)) >> numpy.uint64(44)
    total = own + numpy.uint64(2) * shared + numpy.uint64((seed % 4) << 17)
    return (total.astype("float64") / 1048576.0).astype("float32")


def generated(case):
    """The features of a case: `scale` (a power of two) multiplies, `repeat` first rows come again last."""
    features = fill(case["rows"], case["dim"], case["seed"])
    if "scale" in case:
        features = features * numpy.float32(case["scale"])
    for row in range(case.get("repeat", 0)):
        features[case["rows"] - 1 - row] = features[row]
    return features
