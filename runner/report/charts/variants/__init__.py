"""Charts over what a run varied of one adapter: its releases.

In: the head and rows of a run. Out: drawings. Imports what stands beside it in ``charts``.
"""
