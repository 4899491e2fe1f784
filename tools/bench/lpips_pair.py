"""CPU seconds and memory of LPIPS of one pair of photos: storyeval beside the package lpips, a process each.

    python tools/bench/lpips_pair.py STORYEVAL_PROGRAM BUNDLES TRUNKS FIRST.png SECOND.png [ROUNDS]

BUNDLES holds the bundles lpips-alex and lpips-vgg; TRUNKS holds alex.safetensors and vgg.safetensors, torchvision's features under torchvision's names
(`features.0.weight`). The Python that runs this needs torch, lpips and safetensors. Two threads on either side, the two in turn, least
of all rounds. Memory is the largest resident set of the process.
"""

import json
import os
import re
import subprocess
import sys

PEER = """
import sys, lpips, numpy, torch
from PIL import Image
from safetensors.torch import load_file
net, trunk, first, second = sys.argv[1:]
torch.set_num_threads(2)
model = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False).eval()
state = load_file(trunk)
for name, parameter in model.net.named_parameters():
    _, at, what = name.split(".")
    parameter.data.copy_(state[f"features.{at}.{what}"])
load = lambda p: torch.from_numpy(numpy.asarray(Image.open(p).convert("RGB")).astype("float32") / 127.5 - 1).permute(2, 0, 1)[None]
with torch.no_grad():
    print(model(load(first), load(second)).item())
"""


def run(command):
    """Output, CPU seconds, MB."""
    done = subprocess.run(["/usr/bin/time", "-f", "%U %S %M", *command], check=True, capture_output=True, text=True)
    user, system, kib = re.findall(r"[\d.]+", done.stderr.strip().splitlines()[-1])
    return done.stdout, float(user) + float(system), int(kib) / 1024


def main(program, bundles, trunks, first, second, rounds="3"):
    for net in ("alex", "vgg"):
        ours = [program, "metric", "lpips", "--bundle", os.path.join(bundles, f"lpips-{net}"), "--threads", "2", "--device", "cpu", "--format", "json", first, second]
        peer = [sys.executable, "-c", PEER, net, os.path.join(trunks, f"{net}.safetensors"), first, second]
        runs = [(run(ours), run(peer)) for _ in range(int(rounds))]
        value = [json.loads(runs[0][0][0])["value"], float(runs[0][1][0])]
        for side, name in enumerate(("storyeval", "lpips")):
            print(f"{net:5} {name:10} {min(r[side][1] for r in runs):7.1f} s CPU  {min(r[side][2] for r in runs):7.0f} MB  value {value[side]:.7f}", flush=True)


main(*sys.argv[1:])
