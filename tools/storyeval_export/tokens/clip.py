"""CLIP's tokeniser: `CLIPTokenizer`, slow, without ftfy.

StoryGPT-V's environment has no ftfy, so the slow tokeniser cleans with its `BasicTokenizer`: control characters go,
every Chinese character is a word of its own, then NFC, then lower case.
"""

from pathlib import Path

from . import bpe
from .special import special
from .tokens import Tokens, document

MERGES = slice(1, 49152 - 256 - 2 + 1)
"""Lines of `merges.txt` that count (`CLIPTokenizer.__init__`)."""

CHINESE = r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}" \
          r"\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}"
"""`BasicTokenizer._is_chinese_char`. All of them are letters."""

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[" + CHINESE + r"]|[\p{L}&&[^" + CHINESE + r"]]+|[\p{N}]|[^\s\p{L}\p{N}]+")
"""`CLIPTokenizer.pat`, with the Chinese characters of `BasicTokenizer` as words of their own."""


def replace(pattern: str, content: str) -> dict:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


NORMALIZERS = [
    # `_clean_text`: U+0000, U+FFFD and every character of the classes C* but tab and line ends.
    replace(r"[\p{C}\x{FFFD}&&[^\t\n\r]]", ""),
    {"type": "NFC"},
    # `str.lower` ends a word in a final sigma; the normaliser below lowers character by character.
    replace(r"\p{Cased}\p{Case_Ignorable}*\KΣ(?!\p{Case_Ignorable}*\p{Cased})", "ς"),
    {"type": "Lowercase"},
]


def clip(folder: Path) -> Tokens:
    """Reads `vocab.json`, `merges.txt` and the files of special tokens.

    The special tokens are matched after the normalisation: upstream's pattern finds them there too, whatever their case.
    """
    vocabulary = bpe.read_vocabulary(folder / "vocab.json")
    merges = bpe.read_merges(folder / "merges.txt", vocabulary, MERGES, strip=True)
    begin, end = "<|startoftext|>", "<|endoftext|>"
    found = special(folder, vocabulary,
                    {"bos_token": begin, "eos_token": end, "unk_token": end, "pad_token": end},
                    ("bos_token", "eos_token", "unk_token"))
    return Tokens(
        document(bpe.model(vocabulary, merges, found.content("unk_token"), "</w>"), found.entries(normalized=True),
                 {"type": "Sequence", "normalizers": NORMALIZERS},
                 {"type": "Sequence", "pretokenizers": [
                     {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Removed", "invert": True},
                     bpe.BYTES]},
                 {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}),
        found.id("bos_token"), found.id("eos_token"), found.id("pad_token"),
        {row["content"]: row["id"] for row in found.entries()}, found.size)
