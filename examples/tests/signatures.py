"""Names and defaults of the parameters that the adapters rely on, read from source without running it.

`python examples/tests/signatures.py CHECKOUT REPOSITORY` compares a real checkout with signatures.json, and with --write
replaces its part. The tests compare the stand-ins with the same file.
"""

import ast
import json
import sys
from pathlib import Path

FILE = Path(__file__).with_name("signatures.json")


def parameters(node) -> str:
    """`self, x, y=1, **more` of a function."""
    it = node.args
    names = [*it.posonlyargs, *it.args]
    defaults = [""] * (len(names) - len(it.defaults)) + ["=" + ast.unparse(value) for value in it.defaults]
    written = [name.arg + default for name, default in zip(names, defaults)]
    if it.vararg or it.kwonlyargs:
        written.append("*" + (it.vararg.arg if it.vararg else ""))
    written += [name.arg + ("=" + ast.unparse(value) if value else "") for name, value in zip(it.kwonlyargs, it.kw_defaults)]
    return ", ".join(written + (["**" + it.kwarg.arg] if it.kwarg else []))


def of_file(path: Path) -> dict:
    """Signatures of a file's functions and methods by name."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = parameters(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{it.name}": parameters(it) for it in node.body if isinstance(it, ast.FunctionDef)}
    return found


def differences(folder: Path, wanted: dict) -> list[str]:
    """What a checkout or a stand-in has otherwise than the record of its repository."""
    wrong = []
    for path, functions in wanted["files"].items():
        if not (folder / path).is_file():
            wrong.append(f"{path} is missing")
            continue
        found = of_file(folder / path) if functions else {}
        wrong += [f"{path}: {name}({found.get(name)}), recorded ({text})" for name, text in functions.items() if found.get(name) != text]
    return wrong


def main(folder: str, repository: str, *more: str) -> int:
    recorded = json.loads(FILE.read_text())
    wanted = recorded[repository]
    if "--write" in more:
        for path, functions in wanted["files"].items():
            found = of_file(Path(folder) / path) if functions else {}
            wanted["files"][path] = {name: found[name] for name in functions}
        FILE.write_text(json.dumps(recorded, indent=1) + "\n")
    wrong = differences(Path(folder), wanted)
    print("\n".join(wrong) or f"{repository}: as recorded at {wanted['commit']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
