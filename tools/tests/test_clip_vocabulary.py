"""`tokenizer.json` of a CLIP against open_clip's tokeniser and transformers' slow one."""

import gzip
import html
import json
import random
import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from storyeval_export.error import ExportError
from storyeval_export.eyes.clip_vocabulary import from_folder, from_merges

open_clip = pytest.importorskip("open_clip")
LIST = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
GOLDEN = Path(__file__).resolve().parents[2] / "reference-data/golden/export-originals/clip-tokens.json"
TEXTS = [
    "Fred and Wilma are talking in the living room.",
    "  FRED\tis   driving\na car ",
    "they're they've I'd we'll it's I'm don't DON'T o'clock rock'n'roll",
    "Wilma &amp; Betty &lt;laugh&gt; at Barney&#39;s hat",
    "caf\u00e9 na\u00efve \u0130stanbul \u039f\u0394\u039f\u03a3 stra\u00dfe \u01c5",
    "",
    " ",
    "...!?  -- 12345 3.14 1,000 #$%^&*()_+{}|:<>?~`",
    "\U0001f600 dino\u2028runs\u00a0away \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u65e5\u672c\u8a9e \u4e2d\u6587 \ud55c\uad6d\uc5b4 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940",
    "e\u0301 \u00e9 \ufb01 \u2460 \u00bd \u00b2",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 300,
    "the end</w> of a word</w>, <b>bold</b>",
    "<|startoftext|> and <|endoftext|> <start_of_text> <end_of_text>",
    "\u0000\u0001\u007f\u0085 control \ufffd \ufeffbom",
    "Mr Slate is angry; Mr. Slate (the boss) shouts: \u201cFRED!\u201d",
]


def cleaned(text: str) -> str:
    """What storyeval does before the tokeniser: openai/CLIP's cleaning without ftfy."""
    text = html.unescape(html.unescape(text))
    return re.sub(r"\s+", " ", text).strip().lower()


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The published list, as tokenizer.json."""
    path = tmp_path_factory.mktemp("clip") / "tokenizer.json"
    vocabulary = from_merges(LIST, 49408)
    vocabulary.write(path)
    return vocabulary, Tokenizer.from_file(str(path))


def reference_ids(reference, text: str) -> list[int]:
    """open_clip's tokens of a text that needs no cleaning any more; ftfy is left out on both sides."""
    reference.clean_fn = lambda it: it
    return reference.encode(text)


def test_awkward_captions_are_open_clips(published):
    vocabulary, tokenizer = published
    reference = open_clip.tokenizer.SimpleTokenizer()
    assert (vocabulary.bos_id, vocabulary.eos_id) == (reference.sot_token_id, reference.eot_token_id) == (49406, 49407)
    for text in TEXTS:
        assert ids(tokenizer, cleaned(text)) == reference_ids(reference, cleaned(text)), text
    draw = random.Random(3)
    letters = [*map(chr, range(32, 127)), *"  ''\u00e9\u00df\u65e5\U0001f600\u0301\u00a0\u2019\u0660"]
    for _ in range(3000):
        text = cleaned("".join(draw.choices(letters, k=draw.randint(1, 40))))
        assert ids(tokenizer, text) == reference_ids(reference, text), repr(text)


def test_cleaned_as_open_clip_does_where_ftfy_changes_nothing(published):
    import ftfy

    reference = open_clip.tokenizer.SimpleTokenizer()
    same = [text for text in TEXTS if cleaned(ftfy.fix_text(text)) == cleaned(text)]
    assert len(same) > 10
    for text in same:
        assert ids(published[1], cleaned(text)) == reference.encode(text), text


def test_transformers_slow_tokeniser_says_the_same(published, tmp_path):
    golden = json.loads(GOLDEN.read_text())
    # The folder of the hub has other names for begin and end; ids are the same.
    texts = [published[1].id_to_token(id) for id in range(49406)] + ["<|startoftext|>", "<|endoftext|>"]
    (tmp_path / "vocab.json").write_text(json.dumps({text: id for id, text in enumerate(texts)}))
    merges = gzip.open(LIST).read().decode().split("\n")[1:48895]
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    vocabulary = from_folder(tmp_path)
    vocabulary.write(tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert (vocabulary.bos_id, vocabulary.eos_id) == (49406, 49407)
    assert len(golden["texts"]) > 10
    for text, wanted in zip(golden["texts"], golden["ids"], strict=True):
        assert ids(tokenizer, cleaned(text)) == wanted, text


def test_special_texts_are_special_tokens(published, tmp_path):
    assert ids(published[1], "a <end_of_text>") == [*ids(published[1], "a"), 49407]
    import eyes_makers

    eyes_makers.words(tmp_path, 600)
    from_folder(tmp_path).write(tmp_path / "tokenizer.json")
    small = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert ids(small, "<|startoftext|>a") == [598, *ids(small, "a")]


def test_damaged_vocabularies_are_refused(tmp_path):
    import eyes_makers

    eyes_makers.words(tmp_path, 600)
    merges, vocab = (tmp_path / "merges.txt").read_text("utf-8"), (tmp_path / "vocab.json").read_text()

    def refused(words: str) -> None:
        with pytest.raises(ExportError) as error:
            from_folder(tmp_path)
        assert words in error.value.message
        (tmp_path / "merges.txt").write_text(merges, "utf-8")
        (tmp_path / "vocab.json").write_text(vocab)

    (tmp_path / "merges.txt").write_text(merges[: len(merges) // 2], "utf-8")
    refused("86 pairs")
    (tmp_path / "merges.txt").write_text(merges.replace("i n\n", "i nn\n", 1), "utf-8")
    refused("joins no two tokens")
    (tmp_path / "merges.txt").write_bytes(b"#version\n\xff\xfe")
    refused("no list of merges")
    (tmp_path / "vocab.json").write_text(vocab.replace("599", "601"))
    refused("does not number its tokens")
    (tmp_path / "vocab.json").write_text(vocab.replace("<|endoftext|>", "<end>"))
    refused("has no <|endoftext|>")
    (tmp_path / "merges.txt").unlink()
    refused("absent")
    # A list that unpacks without end is read no further than the limit.
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"a b\n" * (20 << 20)))
    for path, words in [(tmp_path / "bomb.gz", "more than 32 MiB"), (tmp_path / "absent.gz", "absent")]:
        with pytest.raises(ExportError) as error:
            from_merges(path, 49408)
        assert words in error.value.message
    (tmp_path / "cut.gz").write_bytes(LIST.read_bytes()[:1000])
    with pytest.raises(ExportError):
        from_merges(tmp_path / "cut.gz", 49408)
