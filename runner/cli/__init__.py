"""What a person asks for, to exit code and text: ``main`` joins the commands, one file each in ``commands/``.

In: argv. Out: text, JSON or files, one line for a user's error. May import every room; none imports this one.
"""
