"""Golden tokens of CLIP by transformers' slow tokeniser.

    python tools/golden/clip_tokens.py bpe_simple_vocab_16e6.txt.gz

with transformers 4.31 (and without ftfy), from the list of merges that open_clip and openai/CLIP bring; the
vocabulary of the Hugging Face hub is the same under other names. Writes
`reference-data/golden/export-originals/clip-tokens.json`.
"""

import gzip
import json
import platform
import sys
import tempfile
from pathlib import Path

import transformers
from transformers.models.clip.tokenization_clip import CLIPTokenizer, bytes_to_unicode

OUT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "export-originals" / "clip-tokens.json"
# Texts that transformers' own cleaning (without ftfy: no HTML, Chinese characters apart) and CLIP's treat alike.
TEXTS = [
    "Fred and Wilma are talking in the living room.",
    "  FRED\tis   driving\na car ",
    "they're they've I'd we'll it's I'm don't DON'T o'clock rock'n'roll",
    "caf\u00e9 na\u00efve stra\u00dfe",
    "",
    "...!?  -- 12345 3.14 1,000 #$%^*()_+{}|:<>?~`",
    "\U0001f600 dino runs away",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 300,
    "the end</w> of a word</w>, <b>bold</b>",
    "Mr Slate is angry; Mr. Slate (the boss) shouts: \u201cFRED!\u201d",
    "\u00bd \u00b2 \u0660 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "a <|endoftext|> b",
]


def main() -> None:
    merges = gzip.open(sys.argv[1]).read().decode("utf-8").split("\n")[1:48895]
    letters = list(bytes_to_unicode().values())
    words = letters + [it + "</w>" for it in letters] + ["".join(it.split()) for it in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, ranks = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
        vocabulary.write_text(json.dumps({word: id for id, word in enumerate(words)}))
        ranks.write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
        tokenizer = CLIPTokenizer(str(vocabulary), str(ranks))
        ids = [tokenizer(text, add_special_tokens=False).input_ids for text in TEXTS]
    versions = {"python": platform.python_version(), "transformers": transformers.__version__}
    OUT.write_text(json.dumps({"command": "python tools/golden/clip_tokens.py bpe_simple_vocab_16e6.txt.gz",
                               "versions": versions, "texts": TEXTS, "ids": ids}, separators=(",", ":")) + "\n")


main()
