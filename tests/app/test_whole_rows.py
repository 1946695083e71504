"""Lists cut no row in two, whatever the height that a panel or a dialog has, and wherever they are scrolled to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QApplication, QTableView, QWidget
from pytestqt.qtbot import QtBot

from neuroflow.flow.card import read_card
from neuroflow.inference.model import find_model
from neuroflow_review.dialogs.card import CardDialog
from neuroflow_review.views.events import EventPanel, EventRow


@pytest.fixture(params=[10.0, 17.0])
def points(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """The usual size of type, and that of a presentation."""
    before = QGuiApplication.font()
    font = QFont(before)
    font.setPointSizeF(request.param)
    qapp.setFont(font)
    yield
    qapp.setFont(before)


def cut(table: QTableView) -> list[int]:
    """Rows that are in sight in part only."""
    rows, high = table.verticalHeader(), table.viewport().height()
    places = [(k, rows.sectionViewportPosition(k), rows.sectionSize(k)) for k in range(rows.count())]
    return [k for k, top, each in places if top < high and top + each > 0 and (top < 0 or top + each > high)]


def whole_at_every_height(widget: QWidget, table: QTableView, heights: range) -> None:
    last = table.model().rowCount() - 1
    for high in heights:
        widget.resize(widget.width(), high)
        for row in (0, last // 3, last):
            table.scrollTo(table.model().index(row, 0))
            QApplication.processEvents()
            assert cut(table) == [], f"at {high} pixels, scrolled to {row}"
            assert table.rowAt(2) >= 0
            assert table.rowViewportPosition(row) + table.rowHeight(row) <= table.viewport().height()


@pytest.mark.usefixtures("points")
def test_of_events(qtbot: QtBot) -> None:
    panel = EventPanel()
    qtbot.addWidget(panel)
    panel.set_events([EventRow(float(k), f"event {k}", "annotation") for k in range(200)])
    panel.resize(320, 400)
    panel.show()
    qtbot.waitExposed(panel)
    whole_at_every_height(panel, panel.table, range(400, 440, 3))


@pytest.mark.usefixtures("points")
def test_of_contacts(qtbot: QtBot) -> None:
    dialog = CardDialog(read_card(find_model("default")))
    qtbot.addWidget(dialog)
    dialog.tabs.setCurrentIndex(next(k for k in range(dialog.tabs.count()) if "ontacts" in dialog.tabs.tabText(k)))
    dialog.show()
    qtbot.waitExposed(dialog)
    whole_at_every_height(dialog, dialog.table, range(dialog.height(), dialog.height() + 40, 5))
