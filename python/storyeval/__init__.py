"""storyeval: evaluation of story visualisation.

`storyeval.worker` lets a model draw for the program `storyeval`; `storyeval.runs` reads the folders of runs.
"""
