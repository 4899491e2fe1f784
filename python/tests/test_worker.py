"""`storyeval.worker` in conversation, as storyeval leads it."""

import ast
import io
import json
import os
import random
import signal
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PACKAGE, story

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde"
    b"\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82"
)
"""A red pixel."""
HEAD = f"from storyeval.worker import Drawn, Refused, Worker, serve\nPNG = {PNG!r}\n"
TAIL = "\nserve(Toy)\n"


def toy(draw, more="", head=""):
    """A worker whose `draw` has this body."""
    body = "".join(f"        {line}\n" for line in draw.splitlines())
    attributes = "".join(f"    {line}\n" for line in more.splitlines())
    return f"{HEAD}{head}\nclass Toy(Worker):\n    name = 'toy'\n    version = '1.0'\n{attributes}    def draw(self, story):\n{body}{TAIL}"


EACH = "for frame in story.to_draw():\n    yield PNG"


def test_a_conversation_from_hello_to_bye(talk):
    worker = talk(toy(EACH))
    ready = worker.hear()
    expected = {
        "type": "ready", "protocol": 1, "name": "toy", "version": "1.0", "device": "cpu", "batch": 1, "context": "story",
        "earlier_frames": False, "reads": ["caption"], "latents": None,
    }  # fmt: skip
    assert ready == expected
    first, second, done = worker.draw(story("a/../b"))
    assert done == {"type": "done", "id": 1}
    assert (first["story"], first["index"], second["index"]) == ("a/../b", 1, 2)
    assert first["seconds"] >= 0 and "peak_memory_bytes" not in first
    paths = [Path(it["path"]) for it in (first, second)]
    assert all(path.read_bytes() == PNG and path.parent == worker.scratch for path in paths) and paths[0] != paths[1]
    assert worker.draw(story("c"))[-1]["type"] == "done"
    assert worker.end() == (0, "")


def test_what_the_model_prints_is_no_message_and_stdin_is_empty(talk):
    draw = """\
import os, subprocess, sys
print("from print")
os.write(1, b"from write\\n")
subprocess.run(["echo", "from a child"])
assert sys.stdin.read() == "" and os.read(0, 10) == b""
for frame in story.to_draw():
    yield PNG"""
    worker = talk(toy(draw, head="print('at import', flush=True)"), python=("-u",))
    # What is printed before `serve` has the real stdout: storyeval refuses it, with the line.
    assert worker.process.stdout.readline() == b"at import\n"
    worker.hear()
    assert [it["type"] for it in worker.draw(story())] == ["frame", "frame", "done"]
    code, errors = worker.end()
    assert code == 0 and errors.splitlines() == ["from print", "from write", "from a child"]


def test_an_exception_is_an_error_with_its_traceback_and_the_worker_goes_on(talk):
    draw = "for frame in story.to_draw():\n    if story.id == 'bad' and frame.index == 2:\n        raise ValueError('no brush')\n    yield PNG"
    worker = talk(toy(draw))
    worker.hear()
    first, error = worker.draw(story("bad"))
    assert first["type"] == "frame"
    assert error == {"type": "error", "id": 1, "message": "ValueError: no brush", "retry": True}
    assert worker.draw(story("good"))[-1]["type"] == "done"
    code, errors = worker.end()
    assert code == 0 and "in draw" in errors and "ValueError: no brush" in errors


def test_refusals_notes_texts_and_seconds(talk):
    draw = "yield Refused('too rude')\nyield Drawn(PNG, seconds=2.5, note='with care', text='Fred dozes.')"
    worker = talk(toy(draw))
    worker.hear()
    refused, drawn, _ = worker.draw(story())
    assert refused["refused"] == "too rude" and "path" not in refused
    assert (drawn["seconds"], drawn["note"], drawn["text"]) == (2.5, "with care", "Fred dozes.")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        ("yield PNG", "draw gave 1 images for the 2 frames of story s"),
        ("yield PNG\nyield PNG\nyield PNG", "draw gave more images than the 2 frames of story s"),
        ("yield None", "NoneType is none of them"),
        ("yield b'GIF89a'", "6 bytes were given that are neither a PNG nor a JPEG file"),
        ("yield 'absent.png'", "absent.png does not exist"),
        ("return PNG", "as a generator or a list, not bytes"),
    ],
)
def test_what_breaks_the_contract_is_not_tried_again(talk, draw, message):
    worker = talk(toy(draw))
    worker.hear()
    error = worker.draw(story())[-1]
    assert error["type"] == "error" and error["retry"] is False and message in error["message"], error


def test_images_of_every_kind(talk, tmp_path):
    image = pytest.importorskip("PIL.Image")
    numpy = pytest.importorskip("numpy")
    draw = """\
import numpy, os, pathlib
from PIL import Image
red = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
red.convert("RGB").save("here.jpg")
with open("here.jpg", "rb") as file:
    jpeg = file.read()
yield red
yield numpy.array(red.convert("RGB"))
yield jpeg
yield "here.jpg"
yield pathlib.Path("here.jpg")
yield numpy.zeros((4, 4, 3), "float32")"""
    worker = talk(toy(draw, head=f"import os; os.chdir({str(tmp_path)!r})"))
    worker.hear()
    *frames, error = worker.draw(story(captions=("x",) * 6))
    assert "an array is uint8 [height, width, 3], not float32 [4, 4, 3]" in error["message"]
    assert len(frames) == 5
    for frame in frames:
        assert Path(frame["path"]).is_absolute()
        with image.open(frame["path"]) as drawn:
            assert drawn.mode == "RGB" and abs(numpy.array(drawn).astype(int) - [255, 0, 0]).max() < 3
    assert Path(frames[3]["path"]) == tmp_path / "here.jpg"


def test_a_model_sees_what_it_reads(talk, tmp_path):
    pytest.importorskip("PIL")
    numpy = pytest.importorskip("numpy")
    noise = numpy.arange(4, dtype="float32").reshape(1, 2, 2)
    numpy.save(tmp_path / "noise.npy", noise)
    (tmp_path / "red.png").write_bytes(PNG)
    draw = """\
import json
frame = story.frames[1]
assert [it.index for it in story.to_draw()] == [2]
assert frame.latents.dtype == "float32" and frame.latents.shape == (1, 2, 2) and story.frames[0].latents is None
seen = [frame.caption, frame.original, frame.names, frame.referential, story.cast, frame.latents.sum().item(),
    [it.getpixel((0, 0)) for it in story.earlier], [it.index for it in story.earlier_frames],
    [(it.name, it.image.size) for it in story.references], self.options, self.seed, str(self.device), self.worker, self.workers]
yield Drawn(PNG, note=json.dumps(seen))"""
    attributes = "reads = ('caption', 'original', 'names', 'references')\nlatents = (1, 2, 2)\ncontext = 'frame'\nearlier_frames = True"
    worker = talk(toy(draw, attributes), hello={"options": {"steps": 4}, "device": "cuda:1", "worker": 1, "workers": 2})
    ready = worker.hear()
    assert ready["latents"] == [1, 2, 2] and ready["reads"][1:] == ["original", "names", "references"]
    assert (ready["device"], ready["context"], ready["earlier_frames"]) == ("cuda:1", "frame", True)
    asked = story()
    asked["frames"][0]["draw"] = False
    more = {"original": "Fred sleeps.", "names": ["Fred"], "referential": True, "latents": str(tmp_path / "noise.npy")}
    asked["frames"][1].update(more)
    red = str(tmp_path / "red.png")
    asked.update(cast=["Fred", "Wilma"], earlier=[{"index": 1, "path": red}], references=[{"name": "Fred", "path": red}])
    frame, _ = worker.draw(asked)
    assert frame["index"] == 2
    assert json.loads(frame["note"]) == [
        "He sleeps.", "Fred sleeps.", ["Fred"], True, ["Fred", "Wilma"], 6.0, [[255, 0, 0]], [1], [["Fred", [1, 1]]], {"steps": 4}, 3,
        "cuda:1", 1, 2,
    ]  # fmt: skip


def test_another_version_of_the_protocol_is_refused_with_both_numbers(talk):
    worker = talk(toy(EACH), hello={"protocol": 2})
    error = worker.hear()
    assert error["type"] == "error" and "id" not in error and error["retry"] is False
    assert "version 2 of the worker protocol" in error["message"] and "Python version 1" in error["message"]
    assert worker.ended()[0] == 1


def test_a_model_that_does_not_load_says_why(talk):
    worker = talk(toy(EACH, "def load(self, device, options, seed):\n    raise FileNotFoundError(options['weights'])"), hello={"options": {}})
    assert worker.hear() == {"type": "error", "message": "KeyError: 'weights'", "retry": False}
    code, errors = worker.ended()
    assert code == 1 and "in load" in errors


def test_an_unknown_message_ends_the_worker(talk):
    worker = talk(toy(EACH))
    worker.hear()
    worker.say({"type": "paint"})
    code, errors = worker.ended()
    assert code == 2 and "unknown type 'paint'" in errors


BEATS = "import storyeval.worker; storyeval.worker.HEARTBEAT_S = 0.05"


def test_heartbeats_come_while_the_model_works(talk):
    draw = "import time\ntime.sleep(0.4)\nself.heartbeat('step 1 of 2', 0.5)\nyield PNG\nyield PNG"
    worker = talk(toy(draw, head=BEATS))
    worker.hear()
    answers = worker.draw(story())
    beats = [it for it in answers if it["type"] == "heartbeat"]
    assert len(beats) >= 3 and beats[0] == {"type": "heartbeat", "id": 1}
    assert {"type": "heartbeat", "id": 1, "note": "step 1 of 2", "progress": 0.5} in beats
    assert [it["index"] for it in answers if it["type"] == "frame"] == [1, 2]


def test_a_frame_beyond_the_limit_gets_no_heartbeats(talk):
    draw = "import time\ntime.sleep(1.5)\nyield PNG\nyield PNG"
    worker = talk(toy(draw, "frame_limit_s = 0.2", head=BEATS))
    worker.hear()
    beats = [it for it in worker.draw(story()) if it["type"] == "heartbeat"]
    assert 1 <= len(beats) <= 8, beats
    assert "no frame for 0 s: no more heartbeats" in worker.end()[1]


def test_a_story_is_seeded_whatever_was_drawn_before(talk):
    draw = "import random\nfor frame in story.to_draw():\n    yield Drawn(PNG, note=f'{random.random()} {frame.seed}')"

    def notes(worker, *stories):
        return {it["story"]: it["note"] for it in worker.draw(*stories) if it["type"] == "frame"}

    one, two = story("one", ["x"], seed=5), story("two", ["x"], seed=6)
    worker = talk(toy(draw, "batch = 2"))
    worker.hear()
    together = notes(worker, one, two)
    assert together["one"].startswith(str(random.Random(5).random()))
    assert notes(worker, two) == {"two": together["two"]} and notes(worker, one) == {"one": together["one"]}
    seeds = [int(it.split()[1]) for it in together.values()]
    assert seeds[0] != seeds[1] and all(0 <= it < 2**53 for it in seeds)


def test_stories_that_are_drawn_at_once(talk):
    source = f"{HEAD}\nclass Toy(Worker):\n    batch = 3\n    def draw_many(self, stories):\n        return [[PNG] * len(it.frames) for it in stories][:2]\n{TAIL}"
    worker = talk(source)
    worker.hear()
    answers = worker.draw(story("a"), story("b"))
    assert [(it["story"], it["index"]) for it in answers[:-1]] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    error = worker.draw(story("a"), story("b"), story("c"))[-1]
    assert error["message"] == "draw_many gave nothing for story c"


FAKE_TORCH = """
import sys, types
cuda = types.SimpleNamespace(peak=0, is_initialized=lambda: True, empty_cache=lambda: print("emptied"))
cuda.reset_peak_memory_stats = lambda: setattr(cuda, "peak", 0)
cuda.max_memory_allocated = lambda: cuda.peak
sys.modules["torch"] = types.SimpleNamespace(cuda=cuda, manual_seed=lambda seed: None)
"""


def test_the_peak_of_each_frame_is_that_of_torch(talk):
    draw = "for frame in story.to_draw():\n    cuda.peak += 1000 * frame.index\n    yield PNG"
    worker = talk(toy(draw, head=FAKE_TORCH))
    worker.hear()
    assert [it["peak_memory_bytes"] for it in worker.draw(story())[:2]] == [1000, 2000]


def test_a_broken_device_ends_the_process_and_short_memory_does_not(talk):
    worker = talk(toy("raise RuntimeError(story.id)\nyield", head=FAKE_TORCH))
    worker.hear()
    assert worker.draw(story("CUDA out of memory"))[-1]["retry"] is True
    assert worker.draw(story("CUDA error: device-side assert triggered"))[-1]["retry"] is True
    code, errors = worker.ended()
    assert code == 1 and "emptied" in errors


@pytest.mark.skipif(os.name == "nt", reason="signals of a terminal")
def test_ctrl_c_is_for_storyeval_and_a_lost_storyeval_ends_the_worker(talk):
    worker = talk(toy("import time\ntime.sleep(0.3)\nyield PNG\nyield PNG", head=BEATS))
    worker.hear()
    worker.say({"type": "draw", "id": 1, "stories": [story()]})
    worker.process.send_signal(signal.SIGINT)
    answers = [worker.hear()]
    while answers[-1]["type"] != "done":
        answers.append(worker.hear())
    # storyeval is killed: its pipes are closed while the model works.
    worker.say({"type": "draw", "id": 2, "stories": [story()]})
    began = time.monotonic()
    worker.process.stdout.close()
    assert worker.process.wait(timeout=20) == 1 and time.monotonic() - began < 10


def test_the_end_of_input_is_good_bye(talk):
    worker = talk(toy(EACH, "def close(self):\n    print('closed')"))
    worker.hear()
    worker.process.stdin.close()
    assert worker.ended() == (0, "closed\n")


def by_hand(folder, source, *arguments, python=(), environment=None):
    """Runs a worker's file as a person does."""
    (folder / "model.py").write_text(source)
    (folder / "captions.txt").write_text("Fred laughs.\n\nHe sleeps.\n")
    command = [sys.executable, *python, "model.py", *arguments]
    given = {**os.environ, "PYTHONPATH": str(PACKAGE)} if environment is None else environment
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=given, stdin=subprocess.DEVNULL, check=False)


def test_a_story_by_hand(tmp_path):
    draw = "for frame in story.to_draw():\n    yield Refused('no') if frame.index == self.options.get('refuse') else PNG"
    done = by_hand(tmp_path, toy(draw), "--try", "captions.txt")
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith("frame 1: tried/1.png, ")
    assert [(tmp_path / f"tried/{at}.png").read_bytes() for at in (1, 2)] == [PNG, PNG]
    (tmp_path / "card.toml").write_text("[command.options]\nrefuse = 2\n")
    if sys.version_info >= (3, 11):
        done = by_hand(tmp_path, toy(draw), "--try", "captions.txt", "--card", "card.toml", "--out", "other")
        assert "frame 2: refused: no" in done.stdout and not (tmp_path / "other/2.png").exists()
    assert "frame 1: refused: no" in by_hand(tmp_path, toy(draw), "--try", "captions.txt", "--option", "refuse=1").stdout


def test_a_story_by_hand_frame_by_frame(tmp_path):
    draw = "frame, = story.to_draw()\nassert len(story.frames) == frame.index and len(story.earlier_frames) == frame.index - 1\nyield PNG"
    attributes = "context = 'frame'\nearlier_frames = True"
    done = by_hand(tmp_path, toy(draw, attributes), "--try", "captions.txt", "--seed", "4")
    assert done.returncode == 0 and (tmp_path / "tried/2.png").is_file(), done.stderr


def test_latents_by_hand(tmp_path):
    pytest.importorskip("numpy")
    draw = "for frame in story.to_draw():\n    assert frame.latents.shape == (4, 2, 2) and abs(frame.latents).max() > 0\n    yield PNG"
    done = by_hand(tmp_path, toy(draw, "latents = (4, 2, 2)"), "--try", "captions.txt")
    assert done.returncode == 0, done.stderr


def test_an_error_by_hand_is_shown_and_fails(tmp_path):
    done = by_hand(tmp_path, toy("raise ValueError('no brush')\nyield"), "--try", "captions.txt")
    assert done.returncode == 1 and "error: ValueError: no brush" in done.stderr and "in draw" in done.stderr
    (tmp_path / "empty.txt").write_text("\n")
    done = by_hand(tmp_path, toy(EACH), "--try", "empty.txt")
    assert done.returncode == 1 and "empty.txt has no caption" in done.stderr


def test_the_file_alone_without_any_package_is_enough(tmp_path):
    """Environments of old models: the file is copied, and nothing is installed."""
    source = Path(__import__("storyeval.worker").worker.__file__)
    shutil.copy(source, tmp_path / "worker.py")
    model = toy(EACH).replace("from storyeval.worker", "from worker")
    environment = {key: it for key, it in os.environ.items() if key != "PYTHONPATH"}
    done = by_hand(tmp_path, model, "--try", "captions.txt", python=("-S",), environment=environment)
    assert done.returncode == 0 and (tmp_path / "tried/2.png").read_bytes() == PNG, done.stderr
    ast.parse(source.read_text(), feature_version=(3, 8))


def test_the_pixel_is_an_image():
    image = pytest.importorskip("PIL.Image")
    with image.open(io.BytesIO(PNG)) as pixel:
        assert pixel.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
