"""Turns published checkpoints into bundles that `storyeval` runs."""

__version__ = "0.1.0"
