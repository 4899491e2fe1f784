"""Stages `tune` (sampler settings on val, judged by the auxiliary network) and `test`.

`test` runs the exported bundles in ONNX Runtime on test stories and scores them with the exported
scoring classifiers: sigmoid > 0.5, exact match of the whole vector.
"""

import json

import numpy as np
import torch

from . import export, train_vision
from .onnx_story import Bundle, Storyteller
from .referential import is_ambiguous, story_captions


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


def spread(split, count):
    """`count` stories (all, if fewer) spread evenly over a split, [S,4] rows."""
    count = min(count, len(split.stories))
    return split.stories[np.linspace(0, len(split.stories) - 1, count).astype(int)]


def seeds_of(count, frame):
    return [1000 * story + frame for story in range(count)]


def tell(teller, world, split, stories, **changes):
    """Frames [S,4,3,64,64] of stories with referential text, each drawn after the ones before."""
    texts, flags = zip(*(story_captions(split, s, world.characters, world.male) for s in stories))
    flags, frames = np.array(flags), np.zeros((len(stories), 4, 3, 64, 64), np.float32)
    for n in range(4):
        told = [t[n] for t in texts]
        late = teller.fused(told) if n == 0 else np.stack(
            [teller.read(t[:n + 1], frames[s, :n]) for s, t in enumerate(texts)])
        frames[:, n] = teller.draw(teller.plain(told), late, flags[:, n], seeds_of(len(stories), n), **changes)
    return frames, texts, flags


def draw_alone(teller, captions, flags):
    """Frames of the Char-LDM without the language model; captions [S][4]."""
    return np.stack([teller.draw(teller.plain([c[n] for c in captions]), teller.fused([c[n] for c in captions]),
                                 flags[:, n], seeds_of(len(captions), n)) for n in range(4)], axis=1)


def score(evaluators, images, labels, places):
    """(characters right, background right) per image, booleans."""
    characters = evaluators("char_classifier", images) > 0
    background = evaluators("bg_classifier", images) > 0
    return ((characters == (labels > 0.5)).all(1),
            (background == np.eye(background.shape[1], dtype=bool)[places]).all(1))


def share(values):
    return float(values.mean()) if values.size else None


def doubtful(sets, flags, male):
    """Pronoun frames whose chain of pronouns back to a name holds an ambiguous link, bool [S,4]."""
    out = np.zeros_like(flags)
    for story, chain in enumerate(sets):
        for n in range(1, 4):
            out[story, n] = flags[story, n] and (
                out[story, n - 1] or is_ambiguous(chain[n], chain[n - 1], male))
    return out


def test(run, world):
    """Final numbers on test stories with referential text."""
    split = world.test
    teller = Storyteller(run.out / "bundles" / "storygpt-v-mini", world.characters)
    evaluators = Bundle(run.out / "bundles" / "minisv-evaluators")
    stories = spread(split, run.config.test_stories)
    labels, places = split.labels[stories], split.backgrounds[stories]
    told = train_vision.place_told(world, split)[stories]
    frames, texts, flags = tell(teller, world, split, stories)
    sets = [[set(row.nonzero()[0].tolist()) for row in story] for story in labels]
    open_to_doubt = doubtful(sets, flags, world.male)
    original = [[split.captions[r] for r in story] for story in stories]
    runs = {"storygpt_referential": frames,
            "charldm_original": draw_alone(teller, original, np.zeros_like(flags)),
            "charldm_referential": draw_alone(teller, texts, flags),
            "reference": split.frames[stories, 2].transpose(0, 1, 4, 2, 3).astype(np.float32) / 255}
    report = {"stories": len(stories), "frames": flags.size, "pronoun_frames": int(flags.sum()),
              "ambiguous_frames": int((flags & open_to_doubt).sum()), "untold_frames": int((~told).sum())}
    for name, images in runs.items():
        right, place = score(evaluators, images.reshape(-1, 3, 64, 64), labels.reshape(-1, 7), places.reshape(-1))
        right, place, crowd = right.reshape(flags.shape), place.reshape(flags.shape), labels.sum(-1)
        report |= {f"{name}_characters": share(right), f"{name}_backgrounds": share(place),
                   f"{name}_characters_pronoun": share(right[flags]),
                   f"{name}_characters_resolvable": share(right[flags & ~open_to_doubt]),
                   f"{name}_characters_ambiguous": share(right[flags & open_to_doubt]),
                   f"{name}_characters_later_named": share(right[:, 1:][~flags[:, 1:]]),
                   f"{name}_backgrounds_told": share(place[told]),
                   f"{name}_by_count": [share(right[crowd == k]) for k in (1, 2, 3)]}
    run.log("test", **report)
    (run.work / "test.json").write_text(json.dumps(report, indent=1))


STAGES = {"tune": tune}
FINAL_STAGES = {"test": test}
