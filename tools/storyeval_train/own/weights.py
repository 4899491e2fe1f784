"""Weights to start from: those of this program's own checkpoints, or published ones."""

import torch

from .error import DATA, SETUP, TrainError

MARK = "storyeval_train"


def save(path, command, networks, **about):
    """Writes `checkpoint.pt`, which `--init` reads."""
    torch.save({MARK: 1, "command": command, "networks": networks, **about}, path)


def own(path, command):
    """A checkpoint of this program; `None` where the file is of somebody else.

    Raises:
        TrainError: a file that is absent, no checkpoint, or of another command.
    """
    if path.is_dir():
        return None
    if not path.is_file():
        raise TrainError(f"{path} (--init) is absent", "check the path", SETUP)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # safetensors, or what the exporter's reader has a better sentence for
        return None
    if not isinstance(state, dict) or MARK not in state:
        return None
    if state["command"] != command:
        raise TrainError(f"{path} was trained by `{state['command']}`", f"name one of `{command}`", DATA)
    return state


def published(path):
    """The tensors of a published file, read by the exporter (no code of it runs)."""
    from storyeval_export.checkpoint import load_state
    from storyeval_export.error import ExportError

    try:
        return {k.removeprefix("module."): v for k, v in load_state(path).items()}
    except ExportError as source:
        raise TrainError(source.message, source.hint, source.code) from source


def put(model, state, new, source):
    """Puts tensors into a model. Those of the keys `new` may be absent or have another shape: they stay as they are.

    Raises:
        TrainError: where another key is absent or has another shape.
    """
    own_state, taken, wrong = model.state_dict(), {}, []
    for key, value in own_state.items():
        found = state.get(key)
        if found is not None and found.shape == value.shape:
            taken[key] = found.to(value.dtype)
        elif not key.startswith(new) and not key.endswith("num_batches_tracked"):
            wrong.append(key)
    if wrong:
        raise TrainError(f"{source} does not fit the network: {', '.join(wrong[:5])}"
                         f"{' and others' if len(wrong) > 5 else ''} absent or of another shape",
                         "is it of this network and --size?", DATA)
    model.load_state_dict(own_state | taken)
    return [key for key in own_state if key not in taken and not key.endswith("num_batches_tracked")]


def words_to(table, old, new_words, old_words):
    """Copies the rows of words that both vocabularies have into the embedding `table`."""
    index = {word: row for row, word in enumerate(old_words)}
    with torch.no_grad():
        for row, word in enumerate(new_words):
            if word in index:
                table[row] = old[index[word]]
