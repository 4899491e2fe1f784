"""`python -m storyeval_export MODEL --checkpoint DIR --out DIR`."""

import importlib.util
import sys

NEEDED = ("torch", "transformers", "diffusers", "onnx", "onnx_ir", "onnxscript", "onnxruntime", "safetensors", "numpy",
          "PIL", "tokenizers", "torchvision", "tqdm")


def start() -> int:
    """Checks that the packages are there before anything imports them."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    # What a command does can be read before anything is installed.
    asks = sys.argv[1:] in ([], ["-h"], ["--help"], ["--version"])
    if absent and not asks:
        print(f"error: Python packages are missing: {', '.join(absent)}", file=sys.stderr)
        print("hint: pip install 'storyeval[export]', or in a checkout: pip install './tools[export]'", file=sys.stderr)
        return 96
    if sys.argv[1:2] == ["template"]:
        from .templates.command import main as template

        return template(sys.argv[2:])
    from .command import main

    return main()


if __name__ == "__main__":
    sys.exit(start())
