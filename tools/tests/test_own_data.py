"""`storyeval_train classifiers|captioner|clip`: reading the data and parting them. Needs no PyTorch."""

import numpy as np
import pytest

import own_world
from storyeval_train.own import score
from storyeval_train.own.error import TrainError
from storyeval_train.own.parts import parts_of
from storyeval_train.own.stories import read


def test_a_card_gives_the_order_of_labels_and_other_spellings(tmp_path):
    folder = own_world.draw(tmp_path / "d", 3, card=True)
    lines = own_world.stories(folder)
    lines[0]["frames"][0]["characters"] = ["BOBBY", "zed"]
    own_world.write(folder, lines)
    data = read(folder)
    assert data.characters == ["bob", "ann", "cy"]
    assert data.character_matrix()[0].tolist() == [1, 0, 0]
    assert data.background_matrix()[0].tolist() == [1, 0]
    assert any("zed" in note for note in data.notes)


def test_without_a_card_the_stories_name_cast_and_places(tmp_path):
    data = read(own_world.draw(tmp_path / "d", 3))
    assert set(data.characters) == set(own_world.CAST)
    assert data.backgrounds == ["park", "kitchen"]
    assert sum("no card" in note for note in data.notes) == 2


def test_frames_without_labels_are_unknown_and_a_frame_in_two_stories_is_one(tmp_path):
    folder = own_world.draw(tmp_path / "d", 4)
    lines = own_world.stories(folder)
    del lines[0]["frames"][0]["characters"]
    lines[1]["frames"][0] = lines[2]["frames"][0]
    own_world.write(folder, lines)
    data = read(folder)
    assert len(data.frames) == 15
    assert np.isnan(data.character_matrix()[0]).all()
    assert len(next(f for f in data.frames if f.clip == "images/2-0").stories) == 2


@pytest.mark.parametrize("damage, words", [
    (lambda lines: lines[1]["frames"][0].update(image="images/none.png"), "images/none.png is absent"),
    (lambda lines: lines[1]["frames"][0].pop("caption"), "line 2: a frame needs"),
    (lambda lines: lines[1].pop("frames"), "line 2 is not a story"),
    (lambda lines: lines[1]["frames"][0].update(background="moon"), "line 2: the background 'moon' is not on the card"),
    (lambda lines: lines[2]["frames"][0].update(character_labels=[1, 2, 0]), "line 3: character_labels should be 3"),
])
def test_what_cannot_be_read_is_named_with_its_line(tmp_path, damage, words):
    folder = own_world.draw(tmp_path / "d", 3, card=True)
    lines = own_world.stories(folder)
    damage(lines)
    own_world.write(folder, lines)
    with pytest.raises(TrainError, match=words):
        read(folder)


def test_labels_without_names_and_two_spellings_need_a_card(tmp_path):
    folder = own_world.draw(tmp_path / "d", 3)
    lines = own_world.stories(folder)
    lines[0]["frames"][0]["characters"] = ["Ann"]
    own_world.write(folder, lines)
    with pytest.raises(TrainError, match="spells a character"):
        read(folder)
    lines[0]["frames"][0].pop("characters")
    lines[0]["frames"][0]["character_labels"] = [1, 0, 0]
    own_world.write(folder, lines)
    with pytest.raises(TrainError, match="no card says"):
        read(folder)


def stories_of(data, rows):
    return {story for row in rows for story in data.frames[row].stories}


def test_stories_are_held_out_whole_and_by_the_seed(tmp_path):
    data = read(own_world.draw(tmp_path / "d", 10))
    parts = parts_of(data, 0)
    told = [stories_of(data, rows) for rows in (parts.train, parts.val, parts.test)]
    assert [len(it) for it in told] == [6, 2, 2]
    assert len(set.union(*told)) == 10
    again, other = parts_of(data, 0), parts_of(data, 1)
    assert (again.test == parts.test).all() and not np.array_equal(other.test, parts.test)


def test_stories_that_share_a_frame_stay_together(tmp_path):
    folder = own_world.draw(tmp_path / "d", 8)
    lines = own_world.stories(folder)
    for number in (1, 3, 5):
        lines[number]["frames"][0] = lines[number - 1]["frames"][3]
    own_world.write(folder, lines)
    data = read(folder)
    for seed in range(5):
        parts = parts_of(data, seed)
        told = [stories_of(data, rows) for rows in (parts.train, parts.val, parts.test)]
        assert sum(len(it) for it in told) == 8


def test_splits_of_the_data_are_kept_and_test_frames_are_not_learnt(tmp_path):
    folder = own_world.draw(tmp_path / "d", 12, splits=lambda n: "test" if n > 8 else "train")
    lines = own_world.stories(folder)
    lines[0]["frames"][0] = lines[10]["frames"][0]
    own_world.write(folder, lines)
    data = read(folder)
    parts = parts_of(data, 0)
    assert len(parts.test) == 12
    assert not set(parts.test) & (set(parts.train) | set(parts.val))
    assert "1 frames of train are in test too" in parts.told
    assert stories_of(data, parts.val).isdisjoint(stories_of(data, parts.train))


def test_too_few_stories_are_refused(tmp_path):
    with pytest.raises(TrainError, match="cannot be parted"):
        parts_of(read(own_world.draw(tmp_path / "d", 2)), 0)
    assert len(parts_of(read(own_world.draw(tmp_path / "e", 3)), 0).train) == 4


def test_no_constant_answer_beats_the_best_one():
    true = np.random.default_rng(2).random((60, 4)) < [0.7, 0.4, 0.1, 0.02]
    best = score.constant(true)
    answers = [score.labels(np.broadcast_to([bool(n >> k & 1) for k in range(4)], true.shape), true) for n in range(16)]
    assert best["f1"] == pytest.approx(max(it["f1"] for it in answers))
    assert best["acc"] == pytest.approx(max(it["acc"] for it in answers))
    assert score.labels(true, true) == {"acc": 100.0, "f1": 100.0}
