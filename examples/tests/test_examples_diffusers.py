"""The diffusers workers with a real pipeline of random weights, and consistent self-attention by its equations."""

import math

import pytest
from host import Host, WorkerError
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

from tiny_pipeline import SIDE, pipeline_folder  # noqa: E402

CAPTIONS = ["fred in a car", "wilma at home", "fred and wilma", "a dog"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(pipeline_folder(tmp_path_factory.mktemp("pipeline") / "tiny"))


def pixels(images):
    return [image.tobytes() for image in images]


def test_text_to_image(folder, tmp_path):
    with Host("diffusers_text_to_image.py", tmp_path, {"model": folder, "steps": 3}) as host:
        drawn = host.draw(CAPTIONS)
        assert [image.size for image in drawn] == [(SIDE, SIDE)] * 4
        assert len(set(pixels(drawn))) == 4 and 1.0 in host.progress
        assert pixels(host.draw(CAPTIONS)) == pixels(drawn)
        assert pixels(host.draw(["another", *CAPTIONS[1:]]))[1:] == pixels(drawn)[1:]
        assert pixels(host.draw(CAPTIONS, story="s_02"))[0] != pixels(drawn)[0]


def story(captions, given=None, seed=5):
    """A story as a request names it; `given` is the path of its first frame."""
    from storyeval.worker import Story

    frames = [{"index": index, "caption": caption, "draw": not given or index > 1} for index, caption in enumerate(captions, 1)]
    earlier = [{"index": 1, "path": str(given)}] if given else []
    return Story({"story": "s_01", "seed": seed, "frames": frames, "earlier": earlier})


def in_process(worker, captions, given=None, **options):
    """Images of a worker class, without a process of its own."""
    made = worker()
    made.load("cpu", {"steps": 3, **options}, 0)
    return list(made.draw(story(captions, given)))


def test_its_options_change_what_it_draws(folder):
    from diffusers_text_to_image import TextToImage

    plain = in_process(TextToImage, CAPTIONS[:3], model=folder)
    for name, value in {"guidance": 1.0, "steps": 5, "negative_prompt": "blurred", "prompt": "a cartoon of {caption}"}.items():
        assert pixels(in_process(TextToImage, CAPTIONS[:3], model=folder, **{name: value})) != pixels(plain), name
    assert in_process(TextToImage, CAPTIONS[:1], model=folder, width=32, height=24)[0].size == (32, 24)
    # Which frames share a batch changes the last bits of sums at most.
    for one, other in zip(in_process(TextToImage, CAPTIONS[:3], model=folder, frames_at_once=2), plain):
        assert max(abs(a - b) for a, b in zip(one.tobytes(), other.tobytes())) <= 1


def test_a_frame_that_the_safety_checker_blacks_out_is_refused():
    from types import SimpleNamespace

    from diffusers_text_to_image import SETTINGS, TextToImage
    from storyeval.worker import Refused

    worker = TextToImage()
    worker.chosen = SETTINGS
    image = Image.new("RGB", (8, 8))
    worker.pipeline = lambda **_: SimpleNamespace(images=[image, image], nsfw_content_detected=[False, True])
    drawn = list(worker.draw(story(["a", "b"])))
    assert drawn[0] is image and isinstance(drawn[1], Refused)


def test_an_unknown_option_is_an_error(folder, tmp_path):
    with pytest.raises(WorkerError, match="unknown option stepz: there are model, steps"):
        Host("diffusers_text_to_image.py", tmp_path, {"model": folder, "stepz": 3})


def test_image_conditioned(folder, tmp_path):
    with Host("diffusers_image_conditioned.py", tmp_path, {"model": folder, "steps": 4}) as host:
        assert (host.ready["context"], host.ready["earlier_frames"]) == ("frame", True)
        drawn = host.draw(CAPTIONS)
        assert [image.size for image in drawn] == [(SIDE, SIDE)] * 4
        # A later caption changes nothing before it; an earlier frame changes what follows.
        ahead = host.draw([*CAPTIONS[:3], "another"])
        assert pixels(ahead)[:3] == pixels(drawn)[:3] and pixels(ahead)[3] != pixels(drawn)[3]
        shaded = [Image.new("RGB", (128, 128), (shade, 0, 0)) for shade in (0, 255)]
        dark, red = (host.draw(CAPTIONS, given=[image]) for image in shaded)
        assert len(dark) == 3 and dark[0].size == (SIDE, SIDE)
        assert all(one != other for one, other in zip(pixels(dark), pixels(red)))


def test_strength_is_how_far_a_frame_leaves_the_one_before(folder, tmp_path):
    from diffusers_image_conditioned import ImageConditioned

    def distance(strength):
        drawn = []
        for shade in (0, 255):
            path = tmp_path / f"{shade}.png"
            Image.new("RGB", (SIDE, SIDE), (shade, 0, 0)).save(path)
            drawn += in_process(ImageConditioned, CAPTIONS[:2], path, model=folder, steps=10, strength=strength)
        return sum(abs(a - b) for a, b in zip(drawn[0].tobytes(), drawn[1].tobytes()))

    assert distance(0.2) > distance(0.9)


def test_story_diffusion_ties_the_frames(folder, tmp_path):
    with Host("story_diffusion.py", tmp_path, {"model": folder, "steps": 3}) as host:
        drawn = host.draw(CAPTIONS)
        assert [image.size for image in drawn] == [(SIDE, SIDE)] * 4 and pixels(host.draw(CAPTIONS)) == pixels(drawn)
        # Frame 1 changes with the caption of frame 4, which no frame-by-frame model could do.
        other = host.draw([*CAPTIONS[:3], "fred fred fred fred"])
        assert pixels(other)[0] != pixels(drawn)[0]


def test_without_sampled_tokens_it_is_the_pipeline_itself(folder):
    from diffusers_text_to_image import TextToImage
    from story_diffusion import StoryDiffusion

    tied = in_process(StoryDiffusion, CAPTIONS, model=folder, rate=0.0, blocks=[""])
    for one, other in zip(tied, in_process(TextToImage, CAPTIONS, model=folder)):
        assert max(abs(a - b) for a, b in zip(one.tobytes(), other.tobytes())) <= 1


def test_blocks_that_match_nothing_are_an_error(folder, tmp_path):
    with pytest.raises(WorkerError, match="match no self-attention layer"):
        Host("story_diffusion.py", tmp_path, {"model": folder, "blocks": ["up_block."]})


def by_the_equations(layer, tokens, sampled):
    """O_i = softmax(Q_i K_P' / sqrt(d)) V_P with P_i = [I_i, S_i], written out frame by frame and head by head.

    `sampled[i]` are the places in the other frames' tokens, one after the other."""
    made = []
    for frame, own in enumerate(tokens):
        pool = torch.cat([other for place, other in enumerate(tokens) if place != frame])
        both = torch.cat([own, pool[sampled[frame]]])
        heads = []
        for q, k, v in zip(*(it.chunk(layer.heads, dim=-1) for it in (layer.to_q(own), layer.to_k(both), layer.to_v(both)))):
            heads.append(torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), dim=-1) @ v)
        made.append(layer.to_out[0](torch.cat(heads, dim=-1)))
    return torch.stack(made)


@pytest.fixture
def layer():
    from diffusers.models.attention_processor import Attention

    torch.manual_seed(0)
    return Attention(query_dim=12, heads=3, dim_head=4).eval().requires_grad_(False)


def samples(seed, frames, tokens, rate, windows=1):
    drawn = torch.Generator().manual_seed(seed)
    count = (frames - 1) * tokens
    return [[torch.randperm(count, generator=drawn)[: int(rate * count)] for _ in range(frames)] for _ in range(windows)]


def test_the_attention_is_that_of_the_paper(layer):
    from story_diffusion import StoryAttention

    attention = StoryAttention(rate=0.5, window=0)
    attention.begin(frames=3, seed=9)
    # Two groups, as with guidance: each mixes frames of its own only, with the same sample.
    tokens = torch.randn(2, 3, 10, 12)
    found = attention(layer, tokens.flatten(0, 1)).unflatten(0, (2, 3))
    sampled = samples(9, 3, 10, 0.5)[0]
    for group in range(2):
        assert torch.allclose(found[group], by_the_equations(layer, tokens[group], sampled), atol=1e-6)


def test_frames_of_several_windows_get_the_mean(layer):
    from story_diffusion import StoryAttention

    attention = StoryAttention(rate=0.5, window=2)
    attention.begin(frames=3, seed=4)
    tokens = torch.randn(3, 6, 12)
    found = attention(layer, tokens)
    first, second = samples(4, 2, 6, 0.5, windows=2)
    left, right = by_the_equations(layer, tokens[:2], first), by_the_equations(layer, tokens[1:], second)
    assert torch.allclose(found, torch.stack([left[0], (left[1] + right[0]) / 2, right[1]]), atol=1e-6)


def test_a_story_of_one_frame_is_plain_attention(layer):
    from story_diffusion import StoryAttention

    attention = StoryAttention(rate=0.5, window=0)
    attention.begin(frames=1, seed=0)
    tokens = torch.randn(2, 5, 12)
    assert torch.allclose(attention(layer, tokens), layer(tokens), atol=1e-6)
