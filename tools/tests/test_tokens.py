"""Converted tokenisers against the slow ones of transformers 4.31 (golden ids), and files that are none."""

import json
import shutil

import pytest
from storyeval_export import tokens
from storyeval_export.error import ExportError
from tokenizers import Tokenizer
from vocabularies import TOKENS

MAKE = {"opt": lambda folder: tokens.gpt2(folder, tokens.GILL_IMAGE, tokens.img_tokens(8)), "clip": tokens.clip,
        "llama": lambda folder: tokens.llama(folder, tokens.GILL_IMAGE, tokens.img_tokens(8))}


@pytest.fixture(params=sorted(MAKE))
def name(request):
    return request.param


@pytest.fixture
def folder(name, tmp_path):
    """A copy of a class's files that may be damaged."""
    shutil.copytree(TOKENS / name, tmp_path / name)
    return tmp_path / name


def test_ids_are_those_of_the_slow_tokeniser(name):
    golden = json.loads((TOKENS / name / "golden.json").read_text())
    found = MAKE[name](TOKENS / name)
    fast = Tokenizer.from_str(json.dumps(found.document))
    other = [row["text"] for row in golden["texts"] if fast.encode(row["text"], add_special_tokens=False).ids != row["ids"]]
    assert len(golden["texts"]) > 300 and not other
    assert (found.bos_id, found.eos_id, found.size) == (golden["bos_id"], golden["eos_id"], golden["size"])
    if name != "clip":
        assert [found.added[content] for content in tokens.img_tokens(8)] == golden["image_ids"]


def test_the_stored_tokenizer_json_is_what_the_command_writes(name, tmp_path):
    MAKE[name](TOKENS / name).write(tmp_path / "tokenizer.json")
    assert (tmp_path / "tokenizer.json").read_bytes() == (TOKENS / name / "tokenizer.json").read_bytes()


def test_merges_of_sentencepiece_split_random_texts_as_it_does():
    """Pieces that make the same piece have one score there and different ranks here; see `llama.merges`."""
    import random

    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(TOKENS / "llama" / "tokenizer.model"))
    fast = Tokenizer.from_str(json.dumps(tokens.llama(TOKENS / "llama").document))
    draw, letters = random.Random(1), "aaaabn -=e\u2581thOtois.é漢"
    for _ in range(3000):
        text = "".join(draw.choice(letters) for _ in range(draw.randint(1, 40)))
        assert fast.encode(text, add_special_tokens=False).ids == processor.encode(text), text


def test_strings_strip_white_space_and_added_tokens_do_not(tmp_path):
    """A special token stored as a plain string behaves as `[IMG0]` does; one stored with flags as they say."""
    shutil.copytree(TOKENS / "opt", tmp_path / "opt")
    path = tmp_path / "opt" / "special_tokens_map.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"pad_token": "<pad>"}))
    rows = {row["content"]: row for row in MAKE["opt"](tmp_path / "opt").document["added_tokens"]}
    assert (rows["<pad>"]["lstrip"], rows["<pad>"]["rstrip"]) == (True, True)
    assert (rows["</s>"]["lstrip"], rows["</s>"]["rstrip"]) == (False, False)
    assert (rows["[IMG3]"]["lstrip"], rows["[IMG3]"]["rstrip"]) == (True, True)


def test_added_tokens_json_moves_the_image_tokens(tmp_path):
    shutil.copytree(TOKENS / "llama", tmp_path / "llama")
    (tmp_path / "llama" / "added_tokens.json").write_text('{"<pad>": 600}')
    found = MAKE["llama"](tmp_path / "llama")
    assert found.added["[IMG0]"] == 602 and found.size == 610
    (tmp_path / "llama" / "added_tokens.json").write_text('{"<pad>": 700}')
    with pytest.raises(ExportError, match="not the next free one, 600"):
        MAKE["llama"](tmp_path / "llama")


@pytest.mark.parametrize("damage", ["absent", "empty", "text", "binary"])
def test_damaged_files_are_errors_with_their_path(name, folder, damage):
    for file in ("tokenizer.model",) if name == "llama" else ("vocab.json", "merges.txt"):
        kept = (folder / file).read_bytes()
        if damage == "absent":
            (folder / file).unlink()
        else:
            (folder / file).write_bytes({"empty": b"", "text": b"#version\nno merges at all here\n", "binary": b"\xff\xfe\x00\x80"}[damage])
        with pytest.raises(ExportError) as caught:
            MAKE[name](folder)
        assert file in caught.value.message and caught.value.hint and caught.value.code in (96, 97)
        (folder / file).write_bytes(kept)


def test_merges_of_another_vocabulary_are_refused(tmp_path):
    shutil.copytree(TOKENS / "opt", tmp_path / "opt")
    with open(tmp_path / "opt" / "merges.txt", "a", encoding="utf-8") as file:
        file.write("Q Z\n")
    with pytest.raises(ExportError, match="'Q Z' joins no two tokens"):
        MAKE["opt"](tmp_path / "opt")


def test_a_sentencepiece_model_of_another_class_is_refused(tmp_path):
    from sentencepiece import sentencepiece_model_pb2 as proto

    shutil.copytree(TOKENS / "llama", tmp_path / "llama")
    path = tmp_path / "llama" / "tokenizer.model"
    model = proto.ModelProto()
    model.ParseFromString(path.read_bytes())
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.normalizer_spec.remove_extra_whitespaces = True
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="it is not BPE, it drops white space"):
        MAKE["llama"](tmp_path / "llama")
