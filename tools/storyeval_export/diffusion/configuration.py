"""The configuration of a Stable Diffusion folder (diffusers layout), and the sections made from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from torch import nn

from ..json_file import read_json
from ..error import DATA, ExportError
from ..keys import empty_parameters

SCHEDULES = ("linear", "scaled_linear")
PREDICTIONS = ("epsilon", "v_prediction")


@dataclass(frozen=True)
class Configuration:
    """What `unet/config.json`, `vae/config.json`, `text_encoder/config.json` and
    `scheduler/scheduler_config.json` of `folder` say."""

    folder: Path
    unet: dict[str, Any]
    vae: dict[str, Any]
    text: dict[str, Any]
    scheduler: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> "Configuration":
        """Reads the four files; only the weights of the folder are not needed."""
        return Configuration(folder, read_json(folder / "unet" / "config.json"),
                             read_json(folder / "vae" / "config.json"),
                             read_json(folder / "text_encoder" / "config.json"),
                             read_json(folder / "scheduler" / "scheduler_config.json"))

    @staticmethod
    def inputs(folder: Path, name: str = "stable-diffusion-v1-5") -> dict[str, Path]:
        """The files that are read, for `Plan.inputs`."""
        files = ("unet/config.json", "vae/config.json", "text_encoder/config.json",
                 "scheduler/scheduler_config.json", "tokenizer")
        return {f"{name}/{file}": folder / file for file in files}

    @property
    def latent(self) -> tuple[int, int, int]:
        """Channels, rows and columns of a latent."""
        size = _whole(self.unet.get("sample_size"), self.folder / "unet" / "config.json", "sample_size", 64)
        rows, columns = (size, size) if isinstance(size, int) else size
        return int(self.unet.get("in_channels", 4)), rows, columns

    @property
    def scale(self) -> int:
        """Pixels of an image for a cell of a latent, along each side."""
        return 2 ** (len(self.vae.get("block_out_channels", [64])) - 1)

    @property
    def width(self) -> int:
        """Width of the text embeddings."""
        return _field(self.text, "hidden_size", self.folder / "text_encoder" / "config.json")

    @property
    def length(self) -> int:
        """Tokens of a padded caption."""
        return _field(self.text, "max_position_embeddings", self.folder / "text_encoder" / "config.json")

    def sections(self, *, steps: int, guidance: float, merge: int, merge_referential: int) -> dict[str, Any]:
        """`[image]`, `[diffusion]` and `[scheduler]`. 0.18215 is what diffusers takes for a VAE whose
        configuration is older than `scaling_factor`."""
        channels, rows, columns = self.latent
        return {
            "image": {"width": columns * self.scale, "height": rows * self.scale},
            "diffusion": {"latent_channels": channels, "latent_height": rows, "latent_width": columns,
                          "scaling_factor": float(self.vae.get("scaling_factor", 0.18215)),
                          "num_inference_steps": steps, "guidance_scale": float(guidance),
                          "start_merge_step": merge, "start_merge_step_referential": merge_referential},
            "scheduler": self._noise(),
        }

    def _noise(self) -> dict[str, Any]:
        """The PNDM scheduler with the defaults of diffusers for what the file leaves out."""
        path, given = self.folder / "scheduler" / "scheduler_config.json", self.scheduler
        kind = given.get("_class_name")
        usual = "take scheduler/scheduler_config.json of Stable Diffusion 1.5, which asks for PNDM without " \
                "Runge-Kutta steps"
        if kind != "PNDMScheduler" or not given.get("skip_prk_steps", False):
            raise ExportError(f"{path} asks for {kind}, skip_prk_steps {given.get('skip_prk_steps', False)}; "
                              "storyeval draws with PNDM, skip_prk_steps true", usual, DATA)
        schedule = given.get("beta_schedule", "linear")
        prediction = given.get("prediction_type", "epsilon")
        spacing = given.get("timestep_spacing", "leading")
        if schedule not in SCHEDULES or prediction not in PREDICTIONS or spacing != "leading" \
                or given.get("trained_betas") is not None:
            raise ExportError(f"{path} asks for beta_schedule {schedule}, prediction_type {prediction}, "
                              f"timestep_spacing {spacing}, which storyeval does not draw with", usual, DATA)
        return {"kind": "pndm", "num_train_timesteps": int(given.get("num_train_timesteps", 1000)),
                "beta_start": float(given.get("beta_start", 0.0001)), "beta_end": float(given.get("beta_end", 0.02)),
                "beta_schedule": schedule, "prediction_type": prediction,
                "steps_offset": int(given.get("steps_offset", 0)),
                "set_alpha_to_one": bool(given.get("set_alpha_to_one", False)),
                "skip_prk_steps": True, "timestep_spacing": spacing}


def network(build: Callable[[], nn.Module], path: Path) -> nn.Module:
    """A network without memory for its parameters; `path` is the configuration it is built from, named when
    it cannot be built."""
    try:
        with empty_parameters():
            return build()
    except Exception as source:  # diffusers and transformers raise anything for what they do not know
        first = (str(source).strip().splitlines() or [type(source).__name__])[-1].strip()
        raise ExportError(f"{path} describes no network that can be built: {first}",
                          "download the configuration again", DATA) from source


def _field(config: dict[str, Any], key: str, path: Path) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ExportError(f"{path} has no {key}", "download the configuration again", DATA)
    return value


def _whole(value: Any, path: Path, key: str, usual: int) -> Any:
    value = usual if value is None else value
    pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(it, int) for it in value)
    if isinstance(value, int) and value > 0:
        return value
    if pair and min(value) > 0:
        return value
    raise ExportError(f"{path} has {key} {value!r}", "download the configuration again", DATA)
