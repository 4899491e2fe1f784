"""Stages `tune` (sampler settings on val, judged by the auxiliary network) and `test`.

`test` runs the exported bundles in ONNX Runtime on test stories and scores them with the exported
scoring classifiers: sigmoid > 0.5, exact match of the whole vector.
"""

import json

import numpy as np
import torch

from . import export, train_vision
from .onnx_story import Bundle, Storyteller
from .referential import story_captions


def tune(run, world):
    """Guidance, step count and the late merge step by exact match on val captions."""
    export.storygpt(run, world)
    teller = Storyteller(run.out / "bundles" / "storygpt-v-mini", world.characters)
    judge = train_vision.load(run, world, "auxiliary")
    count = 4 * run.config.tune_stories
    rows = np.linspace(0, len(world.val.ids) - 1, count).astype(int)
    captions = [world.val.captions[r] for r in rows]
    goal = train_vision.targets(world.val, "both")[rows] > 0.5
    early, late = teller.plain(captions), teller.fused(captions)
    results = []

    def trial(steps, guidance, merge):
        images = teller.draw(early, late, np.zeros(count, bool), range(count), num_inference_steps=steps,
                             guidance_scale=guidance, start_merge_step=merge)
        with torch.no_grad():
            logits = judge(torch.from_numpy(images))
        right = (logits > 0) == goal
        values = {"num_inference_steps": steps, "guidance_scale": guidance, "start_merge_step": merge}
        # The margin breaks ties between settings that get the same frames right.
        margin = torch.where(goal, logits, -logits)[:, :7].clamp(-4, 4).mean().item()
        score = right[:, :7].all(1).float().mean().item()
        run.log("tune", **values, characters=score, margin=margin,
                backgrounds=right[:, 7:].all(1).float().mean().item())
        results.append((score + 0.01 * margin, values))

    steps = run.config.sampler_steps
    for guidance in (2.0, 3.0, 4.0, 5.5):
        trial(steps, guidance, steps // 2)
    best = max(results, key=lambda r: r[0])[1]["guidance_scale"]
    trial(steps, best, steps // 4)
    trial(steps + steps // 2, best, (steps + steps // 2) // 2)
    # Later merging as released unless another choice is clearly better (more than two points).
    released = [r for r in results if r[1]["start_merge_step"] == r[1]["num_inference_steps"] // 2]
    winner, kept = max(results, key=lambda r: r[0]), max(released, key=lambda r: r[0])
    chosen = winner if winner[0] > kept[0] + 0.02 else kept
    (run.work / "tuned.json").write_text(json.dumps(chosen[1]))


def score(evaluators, images, labels, places):
    """(characters right, background right) per image, booleans."""
    characters = evaluators("char_classifier", images) > 0
    background = evaluators("bg_classifier", images) > 0
    return ((characters == (labels > 0.5)).all(1),
            (background == np.eye(background.shape[1], dtype=bool)[places]).all(1))


def test(run, world):
    """Final numbers on test stories with referential text."""
    names, split = world.characters, world.test
    teller = Storyteller(run.out / "bundles" / "storygpt-v-mini", names)
    evaluators = Bundle(run.out / "bundles" / "minisv-evaluators")
    count = min(run.config.test_stories, len(split.stories))
    stories = split.stories[np.linspace(0, len(split.stories) - 1, count).astype(int)]
    texts, flags = zip(*(story_captions(split, s, names, world.male) for s in stories))
    flags = np.array(flags)
    labels, places = split.labels[stories], split.backgrounds[stories]
    seeds = [[1000 * s + n for n in range(4)] for s in range(count)]
    frames = np.zeros((3, count, 4, 3, 64, 64), np.float32)
    for n in range(4):
        told = [t[n] for t in texts]
        original = [split.captions[s[n]] for s in stories]
        plain, ask = teller.plain(told), [s[n] for s in seeds]
        late = teller.fused(told) if n == 0 else np.stack(
            [teller.read(t[:n + 1], frames[0, s, :n]) for s, t in enumerate(texts)])
        frames[0, :, n] = teller.draw(plain, late, flags[:, n], ask)
        never = np.zeros(count, bool)
        frames[1, :, n] = teller.draw(teller.plain(original), teller.fused(original), never, ask)
        frames[2, :, n] = teller.draw(plain, teller.fused(told), flags[:, n], ask)
    told = train_vision.place_told(world, split)[stories.reshape(-1)]
    report = {"stories": count, "frames": 4 * count, "pronoun_frames": int(flags.sum())}
    truth = split.frames[stories.reshape(-1), 2].transpose(0, 3, 1, 2).astype(np.float32) / 255
    right, place = score(evaluators, truth, labels.reshape(-1, 7), places.reshape(-1))
    report |= {"reference_characters": right.mean(), "reference_backgrounds": place.mean()}
    for name, images in zip(("storygpt_referential", "charldm_original", "charldm_referential"), frames):
        right, place = score(evaluators, images.reshape(-1, 3, 64, 64), labels.reshape(-1, 7),
                             places.reshape(-1))
        report[f"{name}_backgrounds_told"] = place[told].mean()
        right, crowd = right.reshape(count, 4), labels.sum(-1)
        report |= {f"{name}_characters": right.mean(), f"{name}_backgrounds": place.mean(),
                   f"{name}_characters_pronoun_frames": right[flags].mean() if flags.any() else None,
                   f"{name}_by_count": [round(float(right[crowd == k].mean()), 3) for k in (1, 2, 3)]}
    report = {k: float(v) if isinstance(v, np.floating) else v for k, v in report.items()}
    run.log("test", **report)
    (run.work / "test.json").write_text(json.dumps(report, indent=1))


STAGES = {"tune": tune}
FINAL_STAGES = {"test": test}
