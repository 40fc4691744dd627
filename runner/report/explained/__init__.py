"""Why servers cost what they cost, for a person. Pure.

In: servers that were explained. Out: tables, flame graphs, what a page shows, and the format of speedscope.
"""
