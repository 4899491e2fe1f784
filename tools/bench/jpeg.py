"""JPEG decoding: mozjpeg without and with assembly, zune-jpeg, and Pillow, on the same photos, one thread.

    python tools/bench/jpeg.py SCRATCH ROUNDS [PHOTO...]

Builds a small crate in SCRATCH for each decoder (with assembly only where nasm is installed). Prints megapixels a
second of the quickest of ROUNDS rounds, in which the decoders take turns, and the ratio to Pillow. Without PHOTOs a
drawn picture stands in. Needs Pillow, numpy and cargo.
"""

import io
import pathlib
import shutil
import subprocess
import sys
import time

import numpy
from PIL import Image

SIZES = [(128, 128), (500, 375), (1024, 768), (2048, 1536)]
CODINGS = {
    "4:2:0": {"subsampling": 2},
    "4:4:4": {"subsampling": 0},
    "4:2:0 progressive": {"subsampling": 2, "progressive": True},
}
MAIN = """
fn moz(b: &[u8]) -> usize {
    let d = mozjpeg::Decompress::new_mem(b).unwrap();
    let mut d = d.rgb().unwrap();
    let v: Vec<u8> = d.read_scanlines().unwrap();
    v.len()
}
fn zune(b: &[u8]) -> usize {
    let mut d = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(b));
    d.decode().unwrap().len()
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[2]).unwrap();
    let times: u32 = args[3].parse().unwrap();
    let f = if args[1] == "zune" { zune } else { moz };
    f(&bytes);
    let mut best = f64::MAX;
    for _ in 0..times {
        let begin = std::time::Instant::now();
        std::hint::black_box(f(&bytes));
        best = best.min(begin.elapsed().as_secs_f64());
    }
    println!("{best}");
}
"""


def built(folder, features):
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/main.rs").write_text(MAIN)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "decoders"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n'
        f'mozjpeg = {{ version = "0.10", default-features = false, features = {features} }}\n'
        'zune-jpeg = { version = "0.5", default-features = false, features = ["std", "x86", "neon"] }\n'
    )
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=folder, check=True)
    return folder / "target/release/decoders"


def pillow(data, times):
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        Image.open(io.BytesIO(data)).convert("RGB")
        best = min(best, time.perf_counter() - begin)
    return best


def drawn():
    random = numpy.random.default_rng(1)
    small = random.integers(0, 256, (60, 80, 3), dtype=numpy.uint8)
    return Image.fromarray(small).resize((2048, 1536), Image.Resampling.BICUBIC)


def main():
    scratch, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    plain = built(scratch / "plain", "[]")
    decoders = {"mozjpeg": [plain, "moz"], "zune-jpeg": [plain, "zune"]}
    if shutil.which("nasm"):
        decoders["mozjpeg, assembly"] = [built(scratch / "simd", '["nasm_simd"]'), "moz"]
    photos = [Image.open(name).convert("RGB") for name in sys.argv[3:]] or [drawn()]
    for coding, options in CODINGS.items():
        for size in SIZES:
            best = {}
            for number, photo in enumerate(photos):
                file = scratch / "photo.jpg"
                photo.resize(size, Image.Resampling.LANCZOS).save(file, quality=90, **options)
                times = max(3, 4_000_000 // (size[0] * size[1]))
                own = {}
                for _ in range(rounds):
                    for name, command in decoders.items():
                        out = subprocess.run([*command, file, str(times)], capture_output=True, check=True, text=True)
                        own[name] = min(own.get(name, 9), float(out.stdout))
                    own["Pillow"] = min(own.get("Pillow", 9), pillow(file.read_bytes(), times))
                for name, seconds in own.items():
                    best[name] = best.get(name, 0) + seconds
            pixels = size[0] * size[1] * len(photos) / 1e6
            row = [f"{name} {pixels / seconds:.0f} ({best['Pillow'] / seconds:.2f})" for name, seconds in best.items()]
            print(f"{coding}, {size[0]} x {size[1]}: " + ", ".join(row), flush=True)


main()
