"""Held-out scores, and what a constant answer would get."""

import numpy as np


def labels(predicted, true):
    """Char-Acc (all labels of a frame right) and micro F1, in percent; booleans [N,C]."""
    hit, wrong = (predicted & true).sum(), (predicted != true).sum()
    f1 = 200.0 * hit / (2 * hit + wrong) if 2 * hit + wrong else 0.0
    return {"acc": 100.0 * float((predicted == true).all(1).mean()), "f1": float(f1)}


def constant(true):
    """The best constant answer: the commonest row (accuracy), and the commonest labels, as many as give most (F1)."""
    rows, counts = np.unique(true, axis=0, return_counts=True)
    order = true.sum(0).argsort(kind="stable")[::-1]
    best = 0.0
    for count in range(1, true.shape[1] + 1):
        answer = np.zeros(true.shape[1], bool)
        answer[order[:count]] = True
        best = max(best, labels(np.broadcast_to(answer, true.shape), true)["f1"])
    return {"acc": 100.0 * float(counts.max() / len(true)), "f1": best}


def first_of_eight(pictures, texts, captions, generator):
    """Share (percent) of frames whose own caption is nearest among 8 different ones; chance is 12.5.

    `None` where there are not 8 different captions.
    """
    if len(set(captions)) < 8:
        return None
    cosines, right = pictures @ texts.T, []
    for row in range(len(captions)):
        others, seen = [], {captions[row]}
        for other in generator.permutation(len(captions)):
            if captions[other] not in seen:
                seen.add(captions[other])
                others.append(other)
            if len(others) == 7:
                break
        right.append(cosines[row, row] > cosines[row, others].max())
    return 100.0 * float(np.mean(right))
