"""Tokenisers of OPT's, CLIP's and Llama 2's classes with small vocabularies, and the ids that the slow
tokenisers of transformers 4.31.0 give. The published vocabularies cannot be redistributed here.

Run from the root of the repository, in two environments:

    python3 -m venv train && train/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf==7.36.2
    train/bin/python tools/golden/tokens.py train
    python3.11 -m venv reference && reference/bin/pip install transformers==4.31.0 sentencepiece==0.2.3
    reference/bin/python tools/golden/tokens.py reference
    PYTHONPATH=tools python tools/golden/tokens.py convert      # with `pip install ./tools[export]`

`train` writes the vocabularies, `reference` golden.json, `convert` tokenizer.json with
`storyeval_export.tokens`. ftfy must not be installed: StoryGPT-V's environment has none.
"""

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "tokens"
PEOPLE = ["Otto", "Mira", "Tilda", "Pip", "Bolt", "Luna", "Hank", "Fred", "Wilma", "Barney", "Betty", "Mr Slate"]
PLACES = ["in the kitchen", "at the beach", "in a dark room", "on the hill", "next to the car", "outside the house"]
DOES = ["is talking to", "waves at", "sits with", "is angry at", "laughs about", "walks towards", "doesn't see"]
IMAGES = [f"[IMG{index}]" for index in range(8)]


def captions(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.choice(PEOPLE)} {draw.choice(DOES)} {draw.choice(PEOPLE)} {draw.choice(PLACES)}."
            f"{draw.choice(['', ' She is happy.', ' He says, hello!', ' They have 3 hats and 12 dogs.'])}"
            for _ in range(count)]


UNUSUAL = ["Café crème, naïve façade: déjà vu", "the “curly” quotes and Fred’s hat", "漢字とかな 한국어", "🙂🦕🚗 smile",
           "ΟΔΥΣΣΕΥΣ και ΣΟΦΙΑ", "Ünïcödé e\u0301 a\u0308", "aaaaaaaa bbbb ---- ====", "    four spaces", "<img></img>"]

TEXTS = [
    '', ' ', '  ', '\n', '\t', '\n\n  \n', 'Otto waves at Mira.', ' Otto', 'Otto ', '  Otto  waves  ', 'Otto\nwaves\n',
    'Otto\twaves', ' Image: <img>', '</img> Caption: Otto waves at Mira.', ' Caption: He sits. Image: ',
    'Caption: He sits. Image: ', '</img> Caption: ', ' Caption:  Image: ', '</img> Caption:  double',
    '</img> Caption: trailing ', "Fred's hat isn't Wilma's; they've said I'd, you'll, we're, it'S",
    'Fred’s “hat” – it’s…', '"quoted" \'single\'', 'FRED AND WILMA ARE IN THE KITCHEN',
    'Mr. Slate, Jr. (the boss) & co./Ltd.', 'fred,wilma;barney:betty!dino?pebbles',
    '3 dogs, 12 cats, 1,234.56 and 2026-11-26', 'x²⅓Ⅷ٣', '🙂', 'a 🦕 in the 🚗!', '👨\u200d👩\u200d👧\u200d👦 family', '漢字',
    'Otto漢字Mira', '漢! 字', 'かな カナ ﾊﾝｶｸ', '한국어 문장', 'Ελληνικά ΟΔΟΣ ΣΑΣ Σ ΑΣ.', 'ΑΣ́ ΑΣa', 'Русский текст', 'العربية',
    'עברית', 'हिन्दी', 'ไทย', "İstanbul ı ß ẞ ﬁ ǅ K 'ſ", 'é ẹ́ ṩ ṩ Å', 'á́́́', '́ alone',
    'zero\u200bwidth\u200d\ufeff\xad', 'nbsp\xa0thin\u2009ideo\u3000line\u2028par\u2029end',
    'nul\x00bel\x07esc\x1bdel\x7fnel\x85vt\x0bff\x0crs\x1e', '�\ue000\U000e0001', '▁under▁score', '▁', '_', ' ▁ ▁',
    'a' * 300, "supercalifragilisticexpialidocious" * 4, "ha" * 60, 'aXaaXaaaXaaaaXaaaaa', '-' * 40,
    '                                 end', '=======     ---', 'anananananas banana ananas', '[IMG0]',
    'Otto [IMG0] waves', 'Otto[IMG0]waves', '  [IMG0]  [IMG1]  ', '[IMG0][IMG1][IMG7][IMG8]',
    '[IMG0] [IMG1] [IMG2] [IMG3] [IMG4] [IMG5] [IMG6] [IMG7]', '[img0] [IMG] [IMG00] [IMG0', 'Otto\n[IMG3]\twaves',
    'Fred <|image|> waves', '<|image|>', 'a <|image|>[IMG0] b', '<|image|', 'Otto </s> waves', '</s>', '<s> Otto',
    'a<pad>b <pad> c', 'x<unk>y <mask>', '<0x41><0xE6>', '<|endoftext|> Otto <|endoftext|>', '<|ENDOFTEXT|>Otto',
    '<|startoftext|>a', '$$ pad $$', '\\n \\ / | ` ~ ^', 'https://example.org/a?b=c#d',
    'Wilma opens the door . She , then , leaves', '!!!???...', "'s 't 're", "  's", "don 't", '’s',
    'end with space and newline \n ', 'tab\t\ttab', 'a\r\nb\rc', 'Ǆ Ǉ', '😀😀😀', 'ﷺ', '𝔉𝔯𝔢𝔡 Ｆｒｅｄ',
    '[IMG0]</s>[IMG1] </s> x', '[IMG0] Otto', '</s> Otto', '</s>Otto waves', '</s>été', '<s>',
    'x [IMG2] </img> Caption: y', '\xa0[IMG0]\xa0', '</s>▁Otto', '[IMG0]waves', '[IMG1]Σ',
]


def train() -> None:
    import sentencepiece
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    lines = captions(400, 1) + UNUSUAL * 4
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    for name, size in (("opt", 560), ("clip", 820)):
        suffix = {"end_of_word_suffix": "</w>"} if name == "clip" else {}
        model = Tokenizer(models.BPE(**suffix))
        model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        if name == "clip":
            lines = [line.lower() for line in lines]
            model.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        model.train_from_iterator(lines, trainers.BpeTrainer(
            vocab_size=size - 256 * (name == "clip"), initial_alphabet=alphabet, show_progress=False, min_frequency=2, **suffix))
        merges = [pair if isinstance(pair, list) else pair.split(" ") for pair in json.loads(model.to_str())["model"]["merges"]]
        write_bpe(name, alphabet, merges)
    folder = ROOT / "llama"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.txt").write_text("\n".join(captions(400, 1) + UNUSUAL * 4), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "lines.txt"), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=600, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, split_digits=True,
        character_coverage=0.999, num_threads=1, minloglevel=2, max_sentence_length=1 << 16)
    (folder / "lines.txt").unlink()
    (folder / "tokenizer.vocab").unlink()
    write(folder / "tokenizer_config.json", {"add_bos_token": True, "add_eos_token": False, "tokenizer_class": "LlamaTokenizer"})
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    write(folder / "special_tokens_map.json", {"bos_token": {"content": "<s>", **plain}, "eos_token": {"content": "</s>", **plain},
                                               "unk_token": {"content": "<unk>", **plain}})


def write_bpe(name: str, alphabet: list[str], merges: list[list[str]]) -> None:
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    joined = list(dict.fromkeys(left + right for left, right in merges))
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    if name == "opt":
        tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, *joined]
        wrapped = {"content": "</s>", **plain}
        special = {"bos_token": wrapped, "eos_token": wrapped, "unk_token": wrapped, "pad_token": {"content": "<pad>", **plain}}
        write(folder / "tokenizer_config.json", {"add_bos_token": True, "add_prefix_space": False, "errors": "replace", "tokenizer_class": "GPT2Tokenizer",
                                                 **{key: {"__type": "AddedToken", **value} for key, value in special.items()}})
    else:
        tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *joined, "<|startoftext|>", "<|endoftext|>"]
        special = {"bos_token": {"content": "<|startoftext|>", **plain}, "eos_token": {"content": "<|endoftext|>", **plain},
                   "pad_token": "<|endoftext|>", "unk_token": {"content": "<|endoftext|>", **plain}}
        write(folder / "tokenizer_config.json", {"add_prefix_space": False, "do_lower_case": True, "errors": "replace", "model_max_length": 77,
                                                 "tokenizer_class": "CLIPTokenizer"})
    tokens = list(dict.fromkeys(tokens))
    write(folder / "special_tokens_map.json", special)
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in merges), encoding="utf-8")


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(name: str):
    """The tokeniser as StoryGPT-V's `load_gill` and `eval_llm.py` make it."""
    from transformers import AutoTokenizer, CLIPTokenizer, LlamaTokenizer

    if name == "clip":
        return CLIPTokenizer.from_pretrained(ROOT / name)
    # The folder of a checkpoint has a config.json from which AutoTokenizer takes the class.
    found = (AutoTokenizer if name == "opt" else LlamaTokenizer).from_pretrained(ROOT / name, use_fast=False)
    if found.pad_token is None:
        found.pad_token = "$$"
    found.add_special_tokens({"cls_token": "<|image|>"})
    for token in IMAGES:
        found.add_tokens(token)
    return found


def reference() -> None:
    import transformers
    assert transformers.__version__ == "4.31.0"
    story = ["Otto waves at Mira in the kitchen.", "He doesn't see Tilda. ", " They have 3 hats", "She laughs, “really”!"]
    for name in ("opt", "clip", "llama"):
        tokenizer = load(name)
        texts = TEXTS + captions(40, 2) + fuzz(200)
        golden = {"made_with": "transformers 4.31.0, sentencepiece 0.2.3, tools/golden/tokens.py", "size": len(tokenizer), "bos_id": tokenizer.bos_token_id,
                  "eos_id": tokenizer.eos_token_id,
                  "texts": [{"text": text, "ids": tokenizer(text, add_special_tokens=False).input_ids} for text in texts]}
        if name == "llama":
            tokenizer.legacy = False
            golden["without_legacy"] = [{"text": text, "ids": tokenizer(text, add_special_tokens=False).input_ids} for text in texts]
            tokenizer.legacy = True
        if name != "clip":
            golden["image_ids"] = [tokenizer(token, add_special_tokens=False).input_ids[0] for token in IMAGES]
            golden["image_prefix_ids"] = tokenizer(" ".join(IMAGES), add_special_tokens=False).input_ids
            golden["story"] = story
            golden["prompts"] = [prompt(tokenizer, story, frame) for frame in range(1, 4)]
        path = ROOT / name / "golden.json"
        path.write_text("{\n" + ",\n".join(f" {json.dumps(key)}: " + (
            "[\n  " + ",\n  ".join(json.dumps(row, ensure_ascii=True) for row in value) + "\n ]" if isinstance(value, list) else json.dumps(value))
            for key, value in golden.items()) + "\n}\n")


def prompt(tokenizer, story: list[str], frame: int) -> list[list[int] | int]:
    """Ids of every text of a frame's prompt as `generate_for_images_emb` makes them; a number is an earlier frame."""
    parts: list = []
    for earlier in range(frame):
        parts += [" Image: <img>", earlier, "</img> Caption: " + story[earlier]]
    parts.append(" Caption: " + story[frame] + " Image: ")
    found, first = [], True
    for part in parts:
        if isinstance(part, str):
            found.append(tokenizer(part, add_special_tokens=first).input_ids)
            first = False
        else:
            found.append(part)
    return found


def fuzz(count: int) -> list[str]:
    """Random texts of pieces that meet in unusual ways."""
    draw = random.Random(7)
    pieces = [" ", "  ", "\n", "\t", "a", "aa", "an", "na", "Otto", "otto", "'s", "'", ".", ",", "--", "1", "23", "é", "e\u0301", "漢", "🙂", "[IMG0]", "[IMG5]",
              "</s>", "<pad>", "<|image|>", "<img>", "</img>", "[", "]", "Σ", "σ", "ß", "\u200d", "\u00a0", "▁", "kitchen", "the", "=", "K"]
    return ["".join(draw.choice(pieces) for _ in range(draw.randint(1, 12))) for _ in range(count)]


def convert() -> None:
    from storyeval_export import tokens

    for name, make in (("opt", tokens.gpt2), ("llama", tokens.llama)):
        make(ROOT / name, tokens.GILL_IMAGE, tokens.img_tokens(8)).write(ROOT / name / "tokenizer.json")
    tokens.clip(ROOT / "clip").write(ROOT / "clip" / "tokenizer.json")


if __name__ == "__main__":
    {"train": train, "reference": reference, "convert": convert}[sys.argv[1]]()
