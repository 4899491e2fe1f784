"""`python -m storyeval ...` runs the program `storyeval` of this Python's environment."""

import os
import shutil
import subprocess
import sys
import sysconfig


def program() -> str:
    """Path of the program: beside this Python, where the wheel puts it, otherwise on the path."""
    name = "storyeval.exe" if os.name == "nt" else "storyeval"
    schemes = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))]
    for folder in schemes:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    found = shutil.which("storyeval")
    if found is None:
        raise SystemExit(f"error: the program storyeval is neither in {schemes[0]} nor on the path: pip install storyeval again")
    return found


def main() -> None:
    """Replaces this process by the program where the system can do that."""
    command = [program(), *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
