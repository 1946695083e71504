"""What the window shows and how it comes about; no widgets."""

from neuroflow_review.session.session import Session
from neuroflow_review.session.state import ViewState

__all__ = ["Session", "ViewState"]
