"""Stand-in. The classes are named in a configuration, as in the repository."""

import importlib


def instantiate_from_config(config):
    module, name = config["target"].rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**config.get("params", {}))
