"""The one error that a command ends with when nothing is wrong with the program."""


class CommandError(Exception):
    """Why a command cannot do what it was asked, in one line for the terminal."""
