"""Everything that a reader can do, once; menus, toolbar, shortcuts, the page of keys and the tests all use it."""

from __future__ import annotations

from typing import Final

from neuroflow_review.actions import analysis, file, marks, view

ACTIONS: Final = (*file.ACTIONS, *view.ACTIONS, *marks.ACTIONS, *analysis.ACTIONS)
