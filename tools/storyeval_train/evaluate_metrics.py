"""Stage `test_metrics`: what the networks of metrics do on the test split (read once, at the end)."""

from . import train_captioner, train_clip, train_features, train_lpips
from .beams import captions_of


def test(run, world):
    split = world.test
    run.log("test_metrics", network="features", **train_features.measure(train_features.load(run, world), split))
    model, dictionary = train_clip.load(run, world)
    run.log("test_metrics", network="clip", **train_clip.measure(model, world, split, dictionary))
    run.log("test_metrics", network="lpips", **train_lpips.measure(train_lpips.load(run), split))
    model, dictionary = train_captioner.load(run, world)
    limit = min(len(split.ids), 8 * run.config.test_stories)
    captions = captions_of(model, dictionary, train_captioner.middle(split, limit))[0]
    run.log("test_metrics", network="captioner", frames=limit,
            **train_captioner.measure(captions, world, split, limit), **published(captions, split.captions[:limit]))


def published(written, true):
    """BLEU-4 and CIDEr of pycocoevalcap (PTB tokeniser), where it and Java are installed."""
    try:
        from pycocoevalcap.bleu.bleu import Bleu
        from pycocoevalcap.cider.cider import Cider
        from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
        tokenizer = PTBTokenizer()
        found = tokenizer.tokenize({i: [{"caption": c}] for i, c in enumerate(written)})
        wanted = tokenizer.tokenize({i: [{"caption": c}] for i, c in enumerate(true)})
    except (ImportError, OSError):
        return {}
    bleu = Bleu(4).compute_score(wanted, found, verbose=0)[0]
    return {"bleu4": float(bleu[3]), "cider": float(Cider().compute_score(wanted, found)[0])}


STAGES = {"test_metrics": test}
