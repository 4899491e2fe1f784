"""Small NPY and NPZ files as numpy writes them, for the reader in src/exchange.

    python tools/golden/npy_files.py reference-data/golden/npy

Matrices are [4, 3] with value 3 i + j (its parity for booleans), vectors are 0..4.
"""

import json
import os
import sys

import numpy

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
values = numpy.arange(12).reshape(4, 3)


def save(name, array, version=(1, 0)):
    with open(os.path.join(out, name), "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)


for order in "<>":
    for code in ["f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"]:
        name = {"<": "little", ">": "big"}[order]
        save(f"ok_{code}_{name}.npy", values.astype(order + code))
for code in ["i1", "u1"]:
    save(f"ok_{code}.npy", values.astype(code))
save("ok_bool.npy", values % 2 == 1)
save("ok_f4_fortran.npy", numpy.asfortranarray(values.astype("f4")))
save("ok_f8_fortran.npy", numpy.asfortranarray(values.astype("f8")), version=(2, 0))
save("ok_f4_version3.npy", values.astype("f4"), version=(3, 0))
save("ok_i1_negative.npy", -values.astype("i1"))
save("ok_i2_negative.npy", -values.astype(">i2"))
save("ok_f4_vector.npy", numpy.arange(5, dtype="f4"))
save("ok_i8_vector.npy", numpy.arange(5))
numpy.save(os.path.join(out, "object.npy"), numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
save("complex.npy", values.astype("c16"))
save("text.npy", numpy.array(["abc"]))
save("cube.npy", numpy.zeros((2, 2, 2)))
save("scalar.npy", numpy.array(1.0))
mu = numpy.array([0.5, 1.5, 2.5])
sigma = numpy.array([[1, 0.25, 0], [0.25, 2, 0.5], [0, 0.5, 3]])
numpy.savez(os.path.join(out, "statistics_stored.npz"), mu=mu, sigma=sigma)
numpy.savez_compressed(os.path.join(out, "statistics_compressed.npz"), mu=mu, sigma=sigma)
numpy.savez(os.path.join(out, "statistics_f32_mean.npz"), mu=mu.astype("f4"), sigma=sigma)
with open(os.path.join(out, "origin.json"), "w") as file:
    json.dump({"command": "python tools/golden/npy_files.py reference-data/golden/npy",
               "versions": {"numpy": numpy.__version__}, "tolerance": "exact"}, file)
    file.write("\n")
