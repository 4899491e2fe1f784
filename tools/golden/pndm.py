"""Golden values of diffusers' PNDMScheduler, for the sampler tests of src/generator/.

Run from the root of the repository, in an environment with numpy, torch and diffusers:

    python tools/golden/pndm.py reference-data/golden/scheduler

The fake network is a fixed formula of the sample and the time-step. Its outputs are written beside the
samples, so that a reader of the files needs the scheduler alone.
"""

import json
import platform
import sys
from pathlib import Path

import diffusers
import numpy
import torch
from diffusers import PNDMScheduler

SHAPE = (2, 2, 2, 2)
"""Batch, channels, height, width of the fixed latent."""

TRAJECTORIES = [
    # name, steps, changes of the stable-diffusion-v1-5 configuration
    ("epsilon-30", 30, {}),
    ("epsilon-30-alpha-one", 30, {"set_alpha_to_one": True}),
    ("v-30", 30, {"prediction_type": "v_prediction"}),
    ("v-30-alpha-one", 30, {"prediction_type": "v_prediction", "set_alpha_to_one": True}),
    ("v-20-linear", 20, {"prediction_type": "v_prediction", "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02}),
    ("epsilon-50-offset-0", 50, {"steps_offset": 0}),
    ("epsilon-3", 3, {}),
    ("epsilon-1", 1, {}),
]


def configuration(changes: dict) -> dict:
    """The scheduler of stable-diffusion-v1-5, with changes."""
    base = {
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "steps_offset": 1,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "timestep_spacing": "leading",
    }
    return base | changes


def numbers(values) -> list[float]:
    """Single-precision values with the nine digits that identify them."""
    return [float(f"{float(value):.9g}") for value in numpy.asarray(values, dtype=numpy.float32).ravel()]


def network(sample: torch.Tensor, timestep: int) -> torch.Tensor:
    """Stands for a UNet: bounded, and different for every element and time-step."""
    index = torch.arange(sample.numel(), dtype=torch.float32).reshape(sample.shape)
    return torch.sin(1.3 * sample + 0.011 * timestep + 0.37 * index)


def trajectory(name: str, steps: int, changes: dict) -> dict:
    """Every output of the fake network and every previous sample of one run."""
    config = configuration(changes)
    scheduler = PNDMScheduler(**config)
    scheduler.set_timesteps(steps)
    sample = torch.cos(torch.arange(16, dtype=torch.float32) * 0.9 + 0.2).reshape(SHAPE) * scheduler.init_noise_sigma
    first = sample
    rows = []
    for timestep in scheduler.timesteps.tolist():
        output = network(sample, timestep)
        sample = scheduler.step(output, timestep, sample).prev_sample
        rows.append({"timestep": timestep, "model_output": numbers(output), "prev_sample": numbers(sample)})
    return {"name": name, "config": {"kind": "pndm"} | config, "steps": steps, "shape": SHAPE, "sample": numbers(first), "rows": rows}


def schedule(changes: dict) -> dict:
    """Time-steps for usual step counts and samples of the cumulated alphas."""
    config = configuration(changes)
    scheduler = PNDMScheduler(**config)
    timesteps = {}
    for steps in (20, 30, 50):
        scheduler.set_timesteps(steps)
        timesteps[str(steps)] = scheduler.timesteps.tolist()
    at = [0, 1, 2, 10, 100, 250, 333, 500, 667, 750, 900, 990, 998, 999]
    return {
        "config": {"kind": "pndm"} | config,
        "timesteps": timesteps,
        "alphas_cumprod": [[index, numbers(scheduler.alphas_cumprod[index])[0]] for index in at],
        "final_alpha_cumprod": numbers(scheduler.final_alpha_cumprod)[0],
    }


def main() -> None:
    """Writes both files into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    origin = {
        "command": "python tools/golden/pndm.py reference-data/golden/scheduler",
        "versions": {
            "python": platform.python_version(),
            "diffusers": diffusers.__version__,
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
        "tolerance": "1e-6 relative to the largest magnitude of a row; time-steps exact",
    }
    schedules = [schedule(changes) for changes in (
        {},
        {"set_alpha_to_one": True},
        {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02, "steps_offset": 0},
    )]
    (folder / "schedules.json").write_text(json.dumps({"origin": origin, "schedules": schedules}, indent=1) + "\n")
    for name, steps, changes in TRAJECTORIES:
        content = {"origin": origin} | trajectory(name, steps, changes)
        rows = content.pop("rows")
        head = json.dumps(content, indent=1)[:-2]
        body = ",\n".join("  " + json.dumps(row) for row in rows)
        (folder / f"{name}.json").write_text(head + ',\n "rows": [\n' + body + "\n ]\n}\n")


if __name__ == "__main__":
    main()
