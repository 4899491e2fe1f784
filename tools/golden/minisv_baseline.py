"""Writes reports/minisv-baseline.json from the runs of the README's first command.

    cargo run --release -- run --dataset minisv --model storygpt-v-mini,char-ldm-mini,ground-truth,shuffled --limit 25 --out runs/baseline
    python3 tools/golden/minisv_baseline.py runs/baseline

Windows are two-sided. Networks differ in the last float bits between processors, and a denoising chain can
turn such a bit into another drawing, so a window is a few of the 100 frames wide; frames that no network
draws move less.
"""

import json
import sys
from pathlib import Path

MODELS = ["storygpt-v-mini", "char-ldm-mini", "ground-truth", "shuffled"]
METRICS = ["char_acc", "char_f1", "bg_acc", "bg_f1", "fid", "bleu4", "cider", "clip_ti", "clip_ii", "lpips",
           "consistency"]
SLICES = ["all", "pronoun", "no_pronoun"]


def window(model, score):
    drawn = model in ("storygpt-v-mini", "char-ldm-mini")
    if score["unit"] in ("cosine", "score") or score["metric"] == "lpips":
        # CIDEr reaches 10, the others 1.
        scale = max(score["value"], 1.0) if score["metric"] == "cider" else 1.0
        return round((0.06 if drawn else 0.02) * scale, 4)
    if score["unit"] == "distance":
        return round(max((0.25 if drawn else 0.05) * score["value"], 0.05), 3)
    # In points: about four frames of those that are scored, or one.
    return round((4 if drawn else 1) * 100 / score["n"], 2)


def main(runs):
    rows = []
    for model in MODELS:
        scores = json.loads((runs / model / "scores.json").read_text())["scores"]
        for score in scores:
            if score["metric"] in METRICS and score["slice"] in SLICES and score["value"] is not None:
                rows.append({"model": model, "metric": score["metric"], "slice": score["slice"],
                             "value": score["value"], "window": window(model, score), "n": score["n"]})
    baseline = {
        "origin": "tools/golden/minisv_baseline.py, on the runs of the README's first command",
        "arguments": ["run", "--dataset", "minisv", "--model", ",".join(MODELS), "--limit", "25"],
        "scores": rows,
    }
    path = Path(__file__).resolve().parents[2] / "reports" / "minisv-baseline.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(baseline, indent=1) + "\n")
    print(f"{len(rows)} scores in {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
