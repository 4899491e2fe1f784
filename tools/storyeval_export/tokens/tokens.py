"""What a converted tokeniser is: a `tokenizer.json` and the ids that a bundle names."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tokens:
    """A tokeniser in the format of Hugging Face `tokenizers`."""

    document: dict
    """The contents of `tokenizer.json`."""
    bos_id: int
    """Id of the token that begins a sequence; the tokeniser itself never adds it."""
    eos_id: int
    """Id of the token that ends one."""
    pad_id: int
    """Id of the padding, `eos_id` where the checkpoint has none."""
    added: dict[str, int]
    """Tokens that are matched before anything is split, with their ids."""
    size: int
    """Number of ids, added ones included: `len(tokenizer)` upstream, and the rows of a resized embedding."""

    def write(self, path: Path) -> None:
        """Writes `tokenizer.json`, a line per entry so that two of them can be compared."""
        path.write_text(json.dumps(self.document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def document(model: dict, added: list[dict], normalizer: dict | None, pre_tokenizer: dict | None,
             decoder: dict | None) -> dict:
    """A `tokenizer.json` that neither cuts, pads nor adds anything."""
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": None,
            "decoder": decoder, "model": model}
