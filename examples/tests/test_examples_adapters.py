"""The adapters of published repositories over the worker protocol, each with a stand-in of its repository."""

import json

import pytest
from host import STAND_INS, Host, WorkerError
from PIL import Image

CAPTIONS = ["Fred is in a car", "He waves to Wilma", "Wilma is at home", "She cooks", "They eat"]


@pytest.fixture
def saved(tmp_path):
    """Writes a checkpoint as PyTorch does."""

    def write(name, value):
        import torch

        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(value, path)
        return str(path)

    return write


def blank(shade=200):
    return Image.new("RGB", (128, 128), (shade, shade, shade))


class TestStoryLdm:
    @pytest.fixture
    def options(self, need, saved):
        need("torch", "omegaconf")
        import torch

        weights = {"model.diffusion_model.weight": torch.ones(1, 1), "cond_stage_model.scale": torch.tensor(1.0)}
        return {"checkout": str(STAND_INS / "make_a_story"), "checkpoint": saved("epoch.ckpt", {"state_dict": weights})}

    def test_it_draws_four_frames_from_their_captions(self, options, tmp_path):
        from noted import number

        with Host("story_ldm.py", tmp_path, options) as host:
            assert (host.ready["context"], host.ready["latents"]) == ("story", None)
            drawn = host.draw(CAPTIONS[:4])
            call = host.calls("sample")[0]
            assert (call["steps"], call["guidance"], call["eta"]) == (50, 5.0, 0.0)
            assert (call["shape"], call["conditioning"]) == ([4, 4, 32, 32], [1, 4, 77, 1280])
            assert call["captions"] == pytest.approx([number(it) for it in CAPTIONS[:4]], abs=1e-6)
            assert call["empty"] == [0.0] * 4 and host.calls("ema_scope") and 0.02 in host.progress
            assert [image.size for image in drawn] == [(256, 256)] * 4
            for caption, image in zip(CAPTIONS, drawn):
                assert image.resize((1, 1)).getpixel((0, 0))[0] == pytest.approx(number(caption) * 255, abs=3)
            again, other = host.draw(CAPTIONS[:4]), host.draw(CAPTIONS[:4], story="s_02")
            assert [it.tobytes() for it in again] == [it.tobytes() for it in drawn]
            assert other[0].tobytes() != drawn[0].tobytes()

    def test_another_length_is_an_error_that_is_not_tried_again(self, options, tmp_path):
        with Host("story_ldm.py", tmp_path, {**options, "steps": 2}) as host:
            with pytest.raises(WorkerError, match="story s_01 has 5 frames, and the released story-ldm draws stories of 4") as raised:
                host.draw(CAPTIONS)
            assert not raised.value.retry
            assert len(host.draw(CAPTIONS[:4])) == 4 and host.calls("sample")[0]["steps"] == 2

    def test_a_checkpoint_of_another_model_is_refused(self, options, saved, tmp_path):
        wrong = saved("other.ckpt", {"state_dict": {}})
        with pytest.raises(WorkerError, match="lacks 2 weights of .*flintstones.*, such as model.diffusion_model"):
            Host("story_ldm.py", tmp_path, {**options, "checkpoint": wrong})


class TestStoryDalle:
    @pytest.fixture
    def options(self, need, saved, tmp_path):
        need("torch", "torchvision")
        import numpy
        import torch

        data = tmp_path / "data"
        data.mkdir()
        clips = [{"globalID": f"c{place}", "description": caption} for place, caption in enumerate(CAPTIONS)]
        (data / "flintstones_annotations_v1-0.json").write_text(json.dumps(clips))
        rows = numpy.linspace(0.1, 0.9, 5, dtype="float32")[:, None].repeat(512, axis=1)
        numpy.save(data / "flintstones_use_embeddings.npy", rows)
        import pickle

        (data / "flintstones_use_embed_idxs.pkl").write_bytes(pickle.dumps({f"c{place}": place for place in range(5)}))
        checkpoint = saved("flintstones/model.ckpt", {"model_state_dict": {"scale": torch.tensor(1.0)}})
        return {"checkout": str(STAND_INS / "storydalle"), "checkpoint": checkpoint, "sentence_table": str(data)}

    def test_it_goes_on_from_the_given_frame(self, options, tmp_path):
        from noted import number

        with Host("storydalle.py", tmp_path, options) as host:
            loaded = host.calls("from_pretrained")[0]
            assert (loaded["preseqlen"], loaded["story_len"], loaded["sent_embed"]) == (32, 4, 512)
            assert (loaded["condition"], loaded["prompt"], loaded["prefix_model_name_or_path"]) == (True, False, "1.3B")
            drawn = host.draw(CAPTIONS, given=[blank(200)])
            call = host.calls("sampling")[0]
            assert (call["top_k"], call["top_p"], call["fp16"], call["prompt"]) == (96, 0.5, False, None)
            assert call["added"] == ["fred", "barney", "wilma", "betty", "pebbles", "dino", "slate"]
            assert call["source"] == pytest.approx(200 / 255 * 2 - 1, abs=1e-3)
            for place, image in enumerate(drawn, 1):
                red, green, blue = image.getpixel((0, 0))
                assert red == pytest.approx(number(CAPTIONS[place].lower()) * 255, abs=1)
                assert green == pytest.approx((0.1 + 0.2 * place) * 255, abs=1) and blue == pytest.approx(200, abs=1)
            assert len(drawn) == 4 and drawn[0].size == (256, 256)
        # Layers that no checkpoint has are the same in every process, because they come from a seed.
        second = tmp_path / "second"
        second.mkdir()
        with Host("storydalle.py", second, options, seed=7) as again:
            again.draw(CAPTIONS, given=[blank(200)])
            assert again.calls("sampling")[0]["random_layer"] == call["random_layer"]

    def test_what_it_cannot_draw_is_an_error(self, options, tmp_path):
        with Host("storydalle.py", tmp_path, options) as host:
            with pytest.raises(WorkerError, match="no given first frame"):
                host.draw(CAPTIONS)
            with pytest.raises(WorkerError, match="has 4 frames, and the released storydall-e draws stories of 5"):
                host.draw(CAPTIONS[:4], given=[blank()])
            with pytest.raises(WorkerError, match="no embedding of 'A dog barks': sentence_encoder"):
                host.draw([*CAPTIONS[:4], "A dog barks"], given=[blank()])
            assert len(host.draw(CAPTIONS, given=[blank()])) == 4

    def test_a_path_that_would_give_another_vocabulary_is_refused(self, options, saved, tmp_path):
        wrong = saved("weights/model.ckpt", {})
        with pytest.raises(WorkerError, match="put it into a folder named flintstones"):
            Host("storydalle.py", tmp_path, {**options, "checkpoint": wrong})

    def test_a_table_that_holds_code_is_not_run(self, options, tmp_path):
        import pickle

        (tmp_path / "data" / "flintstones_use_embed_idxs.pkl").write_bytes(pickle.dumps(print))
        with pytest.raises(WorkerError, match="failed to read sentence_table .*builtins.print"):
            Host("storydalle.py", tmp_path, options)


class TestArLdm:
    @pytest.fixture
    def options(self, need, saved):
        need("torch", "torchvision", "omegaconf")
        import torch

        return {"checkout": str(STAND_INS / "ar_ldm"), "checkpoint": saved("last.ckpt", {"state_dict": {"scale": torch.tensor(1.0)}})}

    def test_it_goes_on_from_the_given_frame(self, options, tmp_path):
        with Host("ar_ldm.py", tmp_path, options) as host:
            drawn = host.draw(CAPTIONS, given=[blank(200)])
            call = host.calls("sample")[0]
            assert (call["steps"], call["guidance"], call["scheduler"], call["fid"]) == (250, 6.0, "ddim", False)
            assert call["length"] == 91 and len(call["captions"]) == 4 and len(call["source_captions"]) == 5
            # `fred` is the first of the new tokens, `wilma` the third.
            assert call["source_captions"][0] == [2, 1, 1] and call["captions"][1] == [4, 1, 1]
            assert call["sources"] == pytest.approx([200 / 255, 0, 0, 0, 0], abs=1e-3)
            assert [image.size for image in drawn] == [(512, 512)] * 4
            again = host.draw(CAPTIONS, given=[blank(200)])
            assert [it.tobytes() for it in again] == [it.tobytes() for it in drawn]
            long = host.draw([CAPTIONS[0], "word " * 95], given=[blank()])
            assert long[0].info["note"] == "the caption was cut to 91 tokens" and drawn[0].info["note"] is None

    def test_it_draws_every_frame_where_none_is_given(self, options, tmp_path):
        with Host("ar_ldm.py", tmp_path, {**options, "task": "visualization", "steps": 3}) as host:
            assert len(host.draw(CAPTIONS)) == 5
            call = host.calls("sample")[0]
            assert (call["steps"], call["sources"]) == (3, [0.0] * 5)
            with pytest.raises(WorkerError, match="has 6 frames, and the released ar-ldm draws stories of 1 to 5"):
                host.draw([*CAPTIONS, "more"])

    def test_a_missing_first_frame_is_an_error(self, options, tmp_path):
        with Host("ar_ldm.py", tmp_path, options) as host, pytest.raises(WorkerError, match="use a protocol of continuation"):
            host.draw(CAPTIONS)

    @pytest.mark.parametrize("wrong, words", [({"task": "story"}, "there are continuation, visualization"), ({"dataset": "mugen"}, "no section")])
    def test_a_setting_that_it_has_not_is_an_error(self, options, tmp_path, wrong, words):
        with pytest.raises(WorkerError, match=words):
            Host("ar_ldm.py", tmp_path, {**options, **wrong})


class TestStoryGptV:
    @pytest.fixture
    def options(self, need, saved, tmp_path):
        need("torch", "torchvision", "diffusers", "transformers")
        import torch
        from tiny_pipeline import pipeline_folder

        second = tmp_path / "second-stage"
        second.mkdir()
        (second / "model_args.json").write_text('{"num_tokens": 8}')
        saved("first/pytorch_model.bin", {"postfuse_module.scale": torch.tensor(3.0)})
        return {"checkout": str(STAND_INS / "storygpt_v"), "checkpoint": str(tmp_path / "first"), "second_stage": str(second),
                "stable_diffusion": str(pipeline_folder(tmp_path / "tiny"))}  # fmt: skip

    def test_frames_follow_each_other(self, options, tmp_path):
        captions = ["Fred is in a car", "He waves to wilma", "She cooks", "They eat"]
        with Host("storygpt_v.py", tmp_path, options) as host:
            assert (host.ready["context"], host.ready["earlier_frames"], host.ready["latents"]) == ("frame", True, [4, 64, 64])
            assert host.calls("load_gill") == [{"call": "load_gill", "device": "cpu", "num_tokens": 8}]
            drawn = host.draw(captions, referential={2, 3})
            prepared, steps = host.calls("prepare_data"), host.calls("inference")
            assert [it["prompt"] for it in prepared[:2]] == ["Fred <|image|> is in a car", "He waves to wilma <|image|>"]
            assert [it["names"] for it in prepared] == [["fred"], ["wilma"], [], []]
            # A name in the caption takes the flag back, as models/data.py does.
            assert [it["ref_flag"] for it in prepared] == [False, False, True, False]
            assert [it["start"] for it in steps] == [15, 15, 0, 15]
            assert all((it["steps"], it["guidance"], it["size"]) == (30, 5, [512, 512]) for it in steps)
            # Frame 1 from the fused text (3 of the checkpoint, 1 portrait), the others from the language model.
            assert [round(it["context"]) for it in steps] == [4, 1, 2, 3]
            shade = list(drawn[0].getpixel((0, 0)))
            prompt = host.calls("generate_for_images_emb")[1]["prompt"]
            assert prompt[:3] == [" Image: <img>", shade, "</img> Caption: Fred is in a car"]
            assert prompt[-1] == " Caption: She cooks Image: "
            again = host.draw(captions, referential={2, 3})
            assert [it.tobytes() for it in again] == [it.tobytes() for it in drawn]

    def test_a_given_frame_takes_the_place_of_the_first(self, options, tmp_path):
        with Host("storygpt_v.py", tmp_path, options) as host:
            assert len(host.draw(CAPTIONS[:3], given=[blank(99)])) == 2
            assert host.calls("generate_for_images_emb")[0]["prompt"][1] == [99, 99, 99]

    def test_pororo_has_no_portraits(self, options, tmp_path):
        with Host("storygpt_v.py", tmp_path, {**options, "dataset": "pororo"}) as host:
            host.draw(["Fred is in a car"])
            assert host.calls("prepare_data")[0]["names"] == [] and host.calls("prepare_data")[0]["prompt"] == "Fred is in a car"
