"""Templates: graphs without weights, with the rule that fills them from a published checkpoint.

`storyeval model import` reads them, so that a bundle can be made without Python.
"""
