"""Builders at work: a project's folder copied aside and made a wheel, and one step of any build.

In: what was asked for, and the tools on this machine.
Out: a wheel, or the reason why there is none.
"""
