"""Errors that a reader may see: one sentence of what is wrong and what to do, and the detail behind it."""

from __future__ import annotations


class NeuroflowError(Exception):
    """An expected fault, shown to the user as its first argument.

    ``text`` is one sentence that says what is wrong and what to do. ``detail`` is for the "Details" fold of a
    dialog and for logs; it holds no patient data.
    """

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.detail = detail


class FileProblem(NeuroflowError):
    """A file that cannot be read or written, for a reason that the user can act on."""


class Unreadable(FileProblem):
    """A file that the system does not give: nothing is known of what is in it."""


class LaterFormat(FileProblem):
    """A file that a later version of the program wrote: it is left as it is."""


class NotReconstructable(NeuroflowError):
    """A recording, or a part of it, that the model must not be run on, with the reason."""


class ModelProblem(NeuroflowError):
    """A model file that is missing, damaged, of another version, or whose card contradicts its weights."""


class OutOfMemory(NeuroflowError):
    """The device has no memory left for the smallest batch."""
