"""Two run folders side by side: frames, observations, features, scores.

    python tools/cuda/frames.py runs/on-cuda/MODEL runs/on-cpu/MODEL

needs numpy and Pillow. Prints JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def frames(a, b):
    left, right = ({p.relative_to(side): p for p in side.glob("frames/*/*.png")} for side in (a, b))
    both = sorted(left.keys() & right.keys())
    differences = [np.abs(pixels(left[name]) - pixels(right[name])) for name in both]
    values = np.concatenate([it.ravel() for it in differences]) if both else np.zeros(1)
    return {
        "frames": len(both),
        "on_one_side_only": len(left.keys() ^ right.keys()),
        "equal_files": sum(left[name].read_bytes() == right[name].read_bytes() for name in both),
        "equal_values": float((values == 0).mean()),
        "within_1": float((values <= 1).mean()),
        "largest_difference": int(values.max()),
    }


def features(a, b):
    rows = {}
    for path in sorted(a.glob("features/*.npy")):
        other = b / "features" / path.name
        if not other.is_file():
            continue
        x, y = np.load(path), np.load(other)
        largest = float(np.nanmax(np.abs(x - y)) / (np.nanmax(np.abs(x)) or 1.0))
        rows[path.name] = {"equal": x.tobytes() == y.tobytes(), "largest_relative_difference": largest}
    return rows


def scores(a, b):
    def table(folder):
        rows = json.loads((folder / "scores.json").read_text())["scores"]
        return {(row["metric"], row["slice"]): row["value"] for row in rows}

    left, right = table(a), table(b)
    equal, worst = 0, {}
    for key in left.keys() & right.keys():
        x, y = left[key], right[key]
        equal += x == y
        if x is not None and y is not None:
            worst[key[0]] = max(worst.get(key[0], 0.0), abs(x - y))
    return {"scores": len(left), "equal": equal, "largest_difference": {k: v for k, v in sorted(worst.items()) if v}}


def main(a, b):
    a, b = Path(a), Path(b)
    same = (a / "observations.parquet").read_bytes() == (b / "observations.parquet").read_bytes()
    report = {"frames": frames(a, b), "observations_equal": same, "features": features(a, b), "scores": scores(a, b)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
