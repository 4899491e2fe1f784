"""Golden values of `storyeval references`: the grouping of references, their shares, and the paired cost.

    storyeval run -d minisv -m storygpt-v-mini --limit 24 --out A
    storyeval run -d minisv -m storygpt-v-mini --limit 24 --protocol strict-original --out B
    for run in A B; do storyeval export $run --what labels --format jsonl --out $run.labels.jsonl; done
    storyeval export A --what observations --format jsonl --out A.observations.jsonl
    storyeval dataset referential --dataset minisv --variant algorithm1 > replaced.jsonl
    storyeval dataset show minisv --format toml > card.toml
    python tools/golden/references.py A.observations.jsonl A.labels.jsonl B.labels.jsonl replaced.jsonl card.toml \
        > reference-data/golden/stats/references.json

Which words were replaced by which pronoun comes from `dataset referential`, whose rules have golden values of their own
(`referential.py`). Everything after that is computed here, from the exports: where names are (regular expressions on the
text as read), groups, shares with numpy, and Student's t on what a difference is without each story (scipy).
"""

import json
import re
import sys
import tomllib

import numpy
import scipy
from scipy import stats

GENDERS = {"he": "male", "his": "male", "him": "male", "she": "female", "her": "female"}


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def names_in(text, cast):
    """Positions of the characters that a text names, the longest spelling first."""
    spellings = sorted(
        ((spelling, at) for at, one in enumerate(cast) for spelling in [one["name"], *one.get("aliases", [])]),
        key=lambda pair: -len(pair[0]),
    )
    pattern = "|".join(rf"(?P<c{n}>\b{re.escape(spelling)}\b)" for n, (spelling, _) in enumerate(spellings))
    return {spellings[int(found.lastgroup[1:])][1] for found in re.finditer(pattern, text, re.IGNORECASE)}


def references(stories, cast):
    found = []
    for story, captions in stories.items():
        last = {}
        for frame, caption in enumerate(captions):
            growth = 0
            for one in caption["replacements"]:
                start = one["offset"] + growth
                growth += len(one["pronoun"]) - len(one["words"])
                here = names_in(caption["text"][:start], cast)
                named = last | {who: frame for who in here}
                pronoun = one["pronoun"].lower()
                who = names_in(one["words"], cast)
                since = [frame - named[it] if it in named else None for it in who]
                gender = GENDERS.get(pronoun)
                fits = [it for it in named if gender is None or cast[it].get("gender", "unknown") in (gender, "unknown")]
                found.append(
                    {
                        "story": story,
                        "frame": frame + 1,
                        "who": sorted(who),
                        "pronoun": pronoun,
                        "distance": "never" if not since or None in since else str(max(since)),
                        "candidates": str(len(fits)),
                    }
                )
            last |= {who: frame for who in names_in(caption["text"], cast)}
    return found


def table(rows):
    frames = {}
    for row in rows:
        if row["kind"] == "character":
            truth, seen = frames.setdefault((row["story"], row["frame"]), ([], []))
            truth.append(bool(row["truth"]))
            seen.append(row["probability"])
    return frames


def counts(members, frames):
    """Per story: right frames, true positives, false ones, missed ones, referents found, referents, frames."""
    referents = {}
    for one in members:
        referents.setdefault((one["story"], one["frame"]), set()).update(one["who"])
    stories = {}
    for key, who in referents.items():
        truth, seen = numpy.array(frames[key][0]), numpy.array(frames[key][1]) > 0.5
        row = [
            (truth == seen).all(),
            (truth & seen).sum(),
            (~truth & seen).sum(),
            (truth & ~seen).sum(),
            sum(seen[it] for it in who),
            len(who),
            1,
        ]
        stories[key[0]] = stories.get(key[0], numpy.zeros(7)) + numpy.array(row, dtype=float)
    return numpy.array([stories[story] for story in sorted(stories)])


STATISTICS = {
    "char_acc": lambda sums: 100 * sums[0] / sums[6],
    "char_f1": lambda sums: 100 * 2 * sums[1] / (2 * sums[1] + sums[2] + sums[3]),
    "referent_found": lambda sums: 100 * sums[4] / sums[5],
}


def paired(read, names, statistic):
    """The difference of names and pronouns, with Student's t on its jackknife over stories."""
    difference = statistic(names.sum(axis=0)) - statistic(read.sum(axis=0))
    n = len(read)
    if n < 2:
        return {"value": difference, "interval": None}
    without = numpy.array(
        [statistic(numpy.delete(names, i, 0).sum(axis=0)) - statistic(numpy.delete(read, i, 0).sum(axis=0)) for i in range(n)]
    )
    error = (n * difference - (n - 1) * without).std(ddof=1) / n**0.5
    if error < 1e-12:
        return {"value": difference, "interval": None}
    half = stats.t.ppf(0.975, n - 1) * error
    return {"value": difference, "interval": [difference - half, difference + half]}


def main(observations, read, restored, replaced, card):
    with open(card, "rb") as file:
        cast = tomllib.load(file)["characters"]
    captions = {line["story"]: line["frames"] for line in lines(replaced)}
    seen = lines(observations)
    stories = {}
    for row in seen:
        caption = captions[row["story"]][row["frame"] - 1]
        assert caption["text"] == row["text"], (caption, row)
        stories.setdefault(row["story"], []).append(caption)
    found = references(stories, cast)
    runs = [table(lines(path)) for path in (read, restored)]
    groups = []
    for by in ["all", "pronoun", "distance", "candidates"]:
        for group in sorted({one.get(by, "all") for one in found}):
            members = [one for one in found if one.get(by, "all") == group]
            sums = [counts(members, frames) for frames in runs]
            groups.append(
                {
                    "by": by,
                    "group": group,
                    "references": len(members),
                    "frames": int(sums[0][:, 6].sum()),
                    "stories": len(sums[0]),
                    **{name: of(sums[0].sum(axis=0)) for name, of in STATISTICS.items()},
                    "cost": paired(*sums, STATISTICS["referent_found"]),
                }
            )
    everything = [counts(found, frames) for frames in runs]
    json.dump(
        {
            "made_by": "python tools/golden/references.py A.observations.jsonl A.labels.jsonl B.labels.jsonl replaced.jsonl card.toml",
            "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__, "python": sys.version.split()[0]},
            "cast": cast,
            "stories": [
                {
                    "story": story,
                    "captions": [{"text": it["text"], "replacements": it["replacements"]} for it in of],
                    "labels": [runs[0][story, k + 1][0] for k in range(len(of))],
                    "read": [runs[0][story, k + 1][1] for k in range(len(of))],
                    "restored": [runs[1][story, k + 1][1] for k in range(len(of))],
                }
                for story, of in stories.items()
            ],
            "groups": groups,
            "char_acc_cost": paired(*everything, STATISTICS["char_acc"]),
            "char_f1_cost": paired(*everything, STATISTICS["char_f1"]),
        },
        sys.stdout,
        indent=None,
        default=lambda value: value.item(),
    )
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
