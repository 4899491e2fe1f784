"""Signatures of the stand-ins, settings of the cards, options. No test here needs PyTorch."""

import importlib
import json
import re
import tomllib

import pytest
import signatures
from host import EXAMPLES, STAND_INS, Host
from storyeval.worker import ContractError

ADAPTERS = {"story-ldm": ("story_ldm", "StoryLdm"), "storydall-e": ("storydalle", "StoryDalle"),
            "ar-ldm": ("ar_ldm", "ArLdm"), "storygpt-v": ("storygpt_v", "StoryGptV")}  # fmt: skip
DIFFUSERS = ("diffusers_text_to_image", "diffusers_image_conditioned", "story_diffusion")
RECORDED = json.loads(signatures.FILE.read_text())
PUBLISHED = EXAMPLES.parent / "eval-configs" / "models"


def adapter(model):
    module, name = ADAPTERS[model]
    return getattr(importlib.import_module(module), name)


def card(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("repository", RECORDED)
def test_a_stand_in_has_the_parameters_of_its_repository(repository):
    wanted = RECORDED[repository]
    assert signatures.differences(STAND_INS / wanted["stand_in"], wanted) == []


def test_a_changed_parameter_is_found(tmp_path):
    (tmp_path / "main.py").write_text("class ARLDM:\n    def __init__(self, args): pass\n    def sample(self, batch): pass\n")
    wrong = signatures.differences(tmp_path, RECORDED["xichenpan/ARLDM"])
    assert wrong == ["config.yaml is missing", "main.py: ARLDM.__init__(self, args), recorded (self, args, steps_per_epoch=1)"]


@pytest.mark.parametrize("model", ADAPTERS)
def test_the_commit_is_the_recorded_one(model):
    it = adapter(model)
    assert RECORDED[it.repository]["commit"] == it.commit


@pytest.mark.parametrize("model", ADAPTERS)
def test_the_defaults_are_the_published_settings(model):
    published = card(PUBLISHED / f"{model}.toml")
    settings, defaults = published["settings"], adapter(model).settings
    shared = settings.keys() & defaults.keys()
    assert {name: settings[name] for name in shared} == {name: defaults[name] for name in shared}
    wanted = {"top_k", "top_p"} if model == "storydall-e" else {"steps", "guidance"}
    assert wanted <= shared
    assert published["worker"] == f"examples/{ADAPTERS[model][0]}.py"


@pytest.mark.parametrize("path", sorted((EXAMPLES / "cards").glob("*.toml")), ids=lambda path: path.stem)
def test_a_card_names_options_that_its_worker_has(path):
    it = card(path)
    assert it["generator"] == "command" and it["command"]["program"][0] == "python3"
    worker = (path.parent / it["command"]["program"][1]).resolve()
    assert worker.parent == EXAMPLES and worker.is_file()
    source, options = worker.read_text(), it["command"].get("options", {})
    if worker.stem in DIFFUSERS:
        source += (EXAMPLES / "diffusers_text_to_image.py").read_text()
        known = set(re.findall(r'"(\w+)": ', source))
    else:
        found = next(adapter(model) for model, (module, _) in ADAPTERS.items() if module == worker.stem)
        known = set(found.required) | set(found.settings)
        assert set(found.required) <= set(options)
    assert set(options) <= known


def test_every_worker_has_a_card_and_a_section_of_the_page():
    page = (EXAMPLES.parent / "docs" / "bring-my-model.md").read_text()
    programs = {card(path)["command"]["program"][1].removeprefix("../") for path in (EXAMPLES / "cards").glob("*.toml")}
    for module in [*DIFFUSERS, *(module for module, _ in ADAPTERS.values())]:
        assert f"{module}.py" in programs and f"{module}.py" in page


@pytest.mark.parametrize("options, words", [
    ({}, "lack checkout"),
    ({"checkout": "x", "checkpoint": ""}, "lack checkpoint"),
    ({"checkout": "x", "checkpoint": "y", "step": 3}, "unknown option step: there are checkout, checkpoint, config, steps"),
    ({"checkout": "absent", "checkpoint": "y"}, "does not exist: folder of the cloned repository"),
])  # fmt: skip
def test_options_that_cannot_be_meant_are_errors(options, words):
    with pytest.raises(ContractError, match=words):
        adapter("story-ldm")().load("cpu", options, 0)


def test_a_folder_that_is_no_checkout_is_named(tmp_path):
    (tmp_path / "weights.ckpt").write_bytes(b"")
    options = {"checkout": str(tmp_path), "checkpoint": str(tmp_path / "weights.ckpt")}
    with pytest.raises(ContractError, match="clone https://github.com/ubc-vision/Make-A-Story"):
        adapter("story-ldm")().load("cpu", options, 0)


def test_the_worker_of_the_page_draws(tmp_path):
    page = (EXAMPLES.parent / "docs" / "bring-my-model.md").read_text()
    code = next(it for it in re.findall(r"```python\n(.*?)```", page, re.S) if "class Mine(Worker)" in it)
    assert len(code.splitlines()) <= 20
    (tmp_path / "mine.py").write_text(code)
    (tmp_path / "my_model.py").write_text(
        "from PIL import Image\n"
        "class Model:\n"
        "    def to(self, device):\n        return self\n"
        "    def __call__(self, caption, seed):\n        return Image.new('RGB', (len(caption), 8), (seed % 256, 0, 0))\n"
        "def load(path):\n    assert path == 'weights.pt'\n    return Model()\n"
    )
    with Host(str(tmp_path / "mine.py"), tmp_path, {}) as host:
        drawn = host.draw(["Fred", "He waves"])
        assert [image.size for image in drawn] == [(4, 8), (8, 8)] and host.ready["name"] == "mine"
