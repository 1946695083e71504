"""The one window: its frame, what feeds its panels, and what its actions do."""

from neuroflow_review.window.window import ReviewWindow

__all__ = ["ReviewWindow"]
