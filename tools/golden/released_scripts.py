"""Golden values of what the released evaluation scripts do with frames: twins that call what they call.

    python tools/golden/released_scripts.py reference-data/golden/protocols

Needs torch, torchvision, numpy, scipy and Pillow. Commits, files and lines are those of docs/protocols.md.
"""

import base64
import json
import os
import sys
import tempfile
import types
from importlib.metadata import version

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import linalg
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.models import Inception3

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generated_features import fill  # noqa: E402
from pixels import noise, places  # noqa: E402

torch.set_num_threads(1)
HALF = transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
IMAGENET = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
# Odd, tall, wide, 1.9 : 1, larger and smaller than the networks' 299. Pillow 12 and 13 agree on all of them.
SIZES = [(256, 256), (64, 64), (301, 157), (150, 211), (486, 256), (129, 127), (640, 480), (299, 300)]


def picture(size):
    return Image.frombytes("RGB", size, noise(*size))


def inception(images):
    """From the tensors of a data set to Inception's first layer: `normalize` of fid_score.py, its interpolation,
    and the network's own `2 x - 1`."""
    images = (images[None] + 1) / 2
    if images.size(3) != 299:
        images = F.interpolate(images, size=(299, 299), mode="bilinear", align_corners=False)
    images = F.interpolate(images, size=(299, 299), mode="bilinear", align_corners=False)
    return (2 * images - 1)[0]


def torchvision_input(images, transform_input):
    """What torchvision's Inception v3 does to its input."""
    return Inception3._transform_input(types.SimpleNamespace(transform_input=transform_input), images[None])[0]


def classifier(image, normalize, transform_input):
    steps = [transforms.Resize(299), transforms.CenterCrop(299), transforms.ToTensor()] + normalize
    return torchvision_input(transforms.Compose(steps)(image), transform_input)


def squashed(side, image):
    return inception(transforms.Compose([transforms.Resize((side, side)), transforms.ToTensor(), HALF])(image))


def cropped(side):
    return transforms.Compose([transforms.Resize(side), transforms.CenterCrop(side)])


def make_a_story_generated(image):
    steps = [transforms.ToPILImage(), transforms.Resize((299, 299)), transforms.ToTensor(), HALF]
    return inception(transforms.Compose(steps)(numpy.array(image)))


def make_a_story_reference(image):
    frame = torch.as_tensor(numpy.array(image)).permute(2, 0, 1)
    steps = [transforms.ToPILImage(), transforms.Resize((256, 256)), transforms.ToTensor()]
    return inception(transforms.Compose(steps)(frame))


def eval_all(image):
    return transforms.Compose([transforms.Resize(299), transforms.CenterCrop(299), transforms.ToTensor(), IMAGENET])(image)


# Protocol, what it is for, and the script's pixels.
RECIPES = [
    ("make-a-story", "classifiers", lambda image: classifier(image, [IMAGENET], True)),
    ("make-a-story", "generated", make_a_story_generated),
    ("make-a-story", "reference", make_a_story_reference),
    ("storygptv-released", "classifiers", lambda image: torchvision_input(eval_all(image), True)),
    ("storygptv-released", "generated", lambda image: inception(eval_all(image))),
    ("storygptv-released", "reference", lambda image: inception(eval_all(image))),
    ("storygptv-vfid512", "generated", lambda image: squashed(512, image)),
    ("storygptv-vfid512", "reference", lambda image: squashed(512, image)),
    ("storydalle-64", "classifiers", lambda image: classifier(image, [IMAGENET], False)),
    ("storydalle-64", "generated", lambda image: squashed(64, image)),
    ("storydalle-64", "reference", lambda image: squashed(64, image)),
    ("vlc-64", "classifiers", lambda image: classifier(image, [], False)),
    ("vlc-64", "generated", lambda image: squashed(64, image)),
    ("vlc-64", "reference", lambda image: squashed(64, image)),
    ("vlc-64-flintstones", "classifiers", lambda image: classifier(image, [IMAGENET], False)),
    ("vlc-64-flintstones", "generated", lambda image: inception(transforms.ToTensor()(cropped(64)(image)))),
    ("vlc-64-flintstones", "reference", lambda image: inception(transforms.ToTensor()(cropped(64)(image)))),
    ("arldm-64", "generated", lambda image: squashed(64, image)),
    ("arldm-64", "reference", lambda image: squashed(64, cropped(64)(image))),
]


def recipes():
    for protocol, use, script in RECIPES:
        for size in SIZES:
            pixels = script(picture(size)).numpy()
            assert pixels.shape == (3, 299, 299)
            values = numpy.array([pixels[place] for place in places((299, 299))], dtype="<f4")
            yield {"protocol": protocol, "use": use, "size": size, "values": base64.b64encode(values.tobytes()).decode()}


def frechet(generated, reference):
    """`calculate_activation_statistics` and `calculate_frechet_distance` of fid_score.py."""
    means = [numpy.mean(features, axis=0) for features in (reference, generated)]
    sigmas = [numpy.cov(features, rowvar=False) for features in (reference, generated)]
    diff = means[0] - means[1]
    covmean = linalg.sqrtm(sigmas[0].dot(sigmas[1]))
    assert numpy.isfinite(covmean).all()
    value = diff.dot(diff) + numpy.trace(sigmas[0]) + numpy.trace(sigmas[1]) - 2 * numpy.trace(covmean.real)
    return float(value), [[int(v) for v in mean.view("uint32")] for mean in reversed(means)]


def plan(stories, length, stride):
    """Sliding windows in an order that is not that of their ids: rows of (story, frame, clip)."""
    clips = stories + length - 1
    name = [f"s_{i % 3}_e_{i * 7 % 10}_shot_{i}" for i in range(clips)]
    starts = [i * stride % stories for i in range(stories)]
    assert len(set(starts)) == stories
    return [(name[start], k + 1, name[start + k]) for start in starts for k in range(length)]


def flat_folder(rows):
    """Writes every image under its clip's name, story by story, and lists the folder by name: the row of each image."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, _, clip) in enumerate(rows):
            with open(os.path.join(folder, f"{clip}.png"), "w") as file:
                file.write(str(number))
        ids = sorted(filename.split(".")[0] for filename in os.listdir(folder))
        return [int(open(os.path.join(folder, f"{clip}.png")).read()) for clip in ids]


def kept(data, batch_size):
    loader = DataLoader(data, batch_size=batch_size, drop_last=True, shuffle=False)
    return [int(v) for batch in loader for v in numpy.asarray(batch).reshape(-1)]


def batch_means(values, batch_size=64):
    """`.mean(0)` of each batch and `np.average` of those, in double precision; eval_clip.py has single."""
    loader = DataLoader(values, batch_size=batch_size, shuffle=False)
    return float(numpy.average([float(batch.double().mean(0)) for batch in loader]))


def folders():
    for number, (stories, length, stride) in enumerate([(52, 4, 17), (45, 4, 7), (29, 4, 5), (147, 4, 25), (80, 5, 33), (253, 4, 10)]):
        rows, seed = plan(stories, length, stride), 40 + 4 * number
        dim = 12
        generated, reference = fill(len(rows), dim, seed), fill(len(rows), dim, seed + 1)
        listed = flat_folder(rows)
        images = kept(torch.tensor(listed), 16)
        by_story = torch.arange(len(rows)).reshape(stories, length)
        of_stories = kept(list(by_story), 16)
        similarity = fill(len(rows), 2, seed + 2).astype("float64") / 8
        text, image = (torch.from_numpy(column) for column in similarity.T.copy())
        entry = {"stories": stories, "length": length, "stride": stride, "seed": seed, "dim": dim, "images": len(listed),
                 "left_out": sorted(set(listed) - set(images))}
        for name, chosen in [("images_16", images), ("stories_16", of_stories), ("all", list(range(len(rows))))]:
            value, means = frechet(generated[chosen], reference[chosen])
            entry[name] = {"n": len(chosen), "fid": value, "means": means}
        entry["clip"] = {"ti": batch_means(text[listed]), "ii": batch_means(image[listed]),
                         "every_ti": batch_means(text), "every_ii": batch_means(image)}
        # GILL goes through its stories and opens files that are named after photos: here ten photos.
        photos = [row[2][-1] for row in rows]
        shared = [max(n for n, photo in enumerate(photos) if photo == own) for own in photos]
        entry["shared"] = {"ii": float(numpy.mean([image[n].item() for n in shared]))}
        yield entry


def main():
    names = ["torch", "torchvision", "pillow", "numpy", "scipy"]
    for name, tolerance, cases in [
        ("recipes", "5e-7 times the range of the values; sizes are [width, height], values little-endian float32 at the "
         "places of tools/golden/pixels.py, in front of the first layer of a network of 299 x 299 that reads -1 to 1", recipes()),
        ("folders", "left_out and means (bits of float32): exact; fid: relative 1e-6 (the scripts sum squares of means in "
         "single precision); clip: 1e-13", folders()),
    ]:
        head = {"command": "python tools/golden/released_scripts.py reference-data/golden/protocols",
                "versions": {n: version(n) for n in names}, "tolerance": tolerance}
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        with open(os.path.join(sys.argv[1], name + ".json"), "w") as file:
            file.write('{"origin":' + json.dumps(head) + ',\n"cases":[\n' + lines + "\n]}\n")


main()
