"""The model's card, set for people: what it is for and not for, what was measured, what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from neuroflow.flow.card import Limits, ModelCard
from neuroflow_review.dialogs.parts import button, column, look_of, said
from neuroflow_review.theme import RECONSTRUCTED, UNIT, Theme, colour
from neuroflow_review.wholerows import WholeRows

_OFF_BY: Final = 0.05
"""A band that holds this much more or less often than it says is pointed at."""

_METHODS: Final = {"model": "This model", "ridge": "Lagged ridge regression", "climatology": "Without scalp EEG"}
_KINDS: Final = {
    "all": "all of it",
    "background": "background",
    "propagated": "discharges that reach the scalp",
    "local": "discharges that stay local",
}
_SORTED_BY: Final = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact as the table shows it; MNI152 in millimetres, None where nothing was measured."""

    name: str
    shaft: str
    mni: tuple[float, float, float]
    r: float | None = None
    spread_ratio: float | None = None
    coverage50: float | None = None
    coverage90: float | None = None


def contact_lines(card: ModelCard) -> tuple[ContactLine, ...]:
    """The contacts of a card with what was measured for each, in the implant's order."""
    lines = []
    for contact in card.implant.contacts:
        m = card.contact_measure(contact.name)
        measured = (m.r, m.spread_ratio, m.coverage50, m.coverage90) if m is not None else ()
        lines.append(ContactLine(contact.name, contact.shaft, contact.mni_mm, *measured))
    return tuple(lines)


def measured_table(measured: Mapping[str, Any], key: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Headings and rows (method, then a value for each kind of stretch) of one measure; empty where it is not there."""
    found = measured.get(key)
    if not isinstance(found, Mapping):
        return (), ()
    methods = {name: row for name, row in found.items() if isinstance(row, Mapping)}
    kinds = list(dict.fromkeys(kind for row in methods.values() for kind in row))
    rows = []
    for name, row in methods.items():
        values = [_number(row.get(kind), 1 if key.endswith("_uv") else 2) for kind in kinds]
        rows.append((_METHODS.get(name, str(name)), *values))
    return ("", *(_KINDS.get(kind, str(kind)) for kind in kinds)), tuple(rows)


def _number(value: object, decimals: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–"
    return f"{value:.{decimals}f}".replace("-", "−")


class CardDialog(QDialog):
    """What is said of a model. Its figures speak of the data named beside them, never of a patient."""

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model {card.name}")
        self.setMinimumSize(680, 560)
        self.card = card
        head = QVBoxLayout()
        head.setSpacing(UNIT)
        head.addWidget(said(f"{card.name} {card.version}", step=5, bold=True))
        head.addWidget(said(card.title, "muted"))
        use = QGridLayout()
        use.setHorizontalSpacing(4 * UNIT)
        use.setVerticalSpacing(2 * UNIT)
        for row, (name, text, role) in enumerate(
            (
                ("For", card.intended_use, ""),
                ("Not for", "\n".join(f"–  {one}" for one in card.not_for), "warning"),
            )
        ):
            use.addWidget(said(name, "heading"), row, 0, Qt.AlignmentFlag.AlignTop)
            use.addWidget(said(text or "nothing is said", role, bold=not role, selectable=True), row, 1)
        use.setColumnMinimumWidth(0, 14 * UNIT)
        use.setColumnStretch(1, 1)

        self.table = _contact_table(card)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Parts of the card")
        self.tabs.addTab(_scrolled(_measured_page(card)), "&Measured")
        self.tabs.addTab(_contact_page(self.table), f"C&ontacts ({len(card.implant.contacts)})")
        self.tabs.addTab(_scrolled(_making_page(card)), "M&aking")
        self.copy_button = button("&Copy hash", "Copy the sha256 of the weights")
        self.close_button = button("Close", "Close (Esc)", default=True)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.copy_button)
        bottom.addWidget(self.close_button)
        layout = column(self, spacing=4 * UNIT)
        layout.addLayout(head)
        layout.addLayout(use)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(bottom)
        self.copy_button.clicked.connect(self._copy_hash)
        self.close_button.clicked.connect(self.accept)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy_table)
        self.resize(820, min(880, self.screen().availableGeometry().height() - 20 * UNIT))
        self.tabs.tabBar().setFocus()

    def copy_table(self) -> None:
        """Put the contacts on the clipboard in the order shown, tabs between columns, for a spreadsheet."""
        model = self.table.model()
        across = range(model.columnCount())
        rows = [[str(model.headerData(c, Qt.Orientation.Horizontal)).replace("\n", " ") for c in across]]
        rows += [[str(model.index(r, c).data()).replace("−", "-") for c in across] for r in range(model.rowCount())]
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows))

    def _copy_hash(self) -> None:
        QGuiApplication.clipboard().setText(self.card.weights.sha256)
        self.copy_button.setText("Copied")


# What was measured ----------------------------------------------------------------------------------------------------


def _measured_page(card: ModelCard) -> QWidget:
    page, layout = _page()
    measured = card.measured
    on = measured.get("on")
    draws = measured.get("draws")
    text = f"On {on}" if isinstance(on, str) and on else "The card does not say on what."
    if isinstance(draws, int):
        text += f", {draws} samples drawn"
    layout.addWidget(said(text + ("" if text.endswith(".") else "."), selectable=True))
    for key, title, note in (
        ("r_of_mean", "Correlation r of the mean with the truth", "1 is the truth itself, 0 says nothing of it"),
        ("crps_uv", "CRPS, µV", "how far the whole distribution lies from the truth: less is better"),
    ):
        headings, rows = measured_table(measured, key)
        if rows:
            layout.addLayout(_heading(title, note))
            layout.addLayout(_grid(headings, rows))
    held = measured.get("coverage")
    if isinstance(held, Mapping) and held:
        layout.addLayout(_heading("How often the bands hold", "of the true values, how many lie inside"))
        rows = tuple((f"{name} band".replace("%", " %"), f"{_percent(value)}") for name, value in held.items())
        layout.addLayout(_grid(("", "held"), rows))
    layout.addStretch(1)
    return page


def _heading(title: str, note: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(2 * UNIT)
    for text, role, bold in ((title, "", True), (note, "muted", False)):
        label = said(text, role, bold=bold)
        label.setWordWrap(False)
        line.addWidget(label)
    line.addStretch(1)
    return line


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(4 * UNIT)
    grid.setVerticalSpacing(UNIT)
    for r, row in enumerate((headings, *rows)):
        for c, text in enumerate(row):
            label = said(text, "muted" if r == 0 else "")
            label.setWordWrap(False)
            side = Qt.AlignmentFlag.AlignLeft if c == 0 else Qt.AlignmentFlag.AlignRight
            grid.addWidget(label, r, c, side)
    grid.setColumnMinimumWidth(0, 48 * UNIT)
    grid.setColumnStretch(len(headings), 1)
    return grid


def _percent(value: object) -> str:
    return f"{100 * value:.0f} %" if isinstance(value, (int, float)) and not isinstance(value, bool) else "–"


# Contacts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    tip: str
    field: str
    nominal: float | None = None


_COLUMNS: Final = (
    _Column("Contact", "Name of the contact; 1 is the deepest of its shaft", "name"),
    _Column("Shaft", "Shaft that it is on", "shaft"),
    _Column("x, mm", "MNI152; right is positive", "mni0"),
    _Column("y, mm", "MNI152; front is positive", "mni1"),
    _Column("z, mm", "MNI152; up is positive", "mni2"),
    _Column("Expected r", "Correlation of the reconstruction's mean with the truth on held-out data", "r"),
    _Column(
        "Spread kept",
        "Spread of the reconstruction over the spread without any scalp EEG: 1 means that the scalp says nothing",
        "spread_ratio",
    ),
    _Column("50 % band\nheld", "Share of true values inside the band that is to hold half of them", "coverage50", 0.5),
    _Column("90 % band\nheld", "Share of true values inside the band that is to hold 90 % of them", "coverage90", 0.9),
)
_PLACE: Final = (2, 3, 4)
_R, _SPREAD = 5, 6


class _Contacts(QAbstractTableModel):
    """Contacts, a row each."""

    def __init__(self, lines: Sequence[ContactLine], look: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._lines, self._look = lines, look

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _side(section)
            if role == Qt.ItemDataRole.DisplayRole:
                return _COLUMNS[section].heading
            if role == Qt.ItemDataRole.ToolTipRole:
                return _COLUMNS[section].tip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        spec = _COLUMNS[index.column()]
        value = self._value(index.row(), spec.field)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(value, spec)
        if role == _SORTED_BY:
            if index.column() == 0:
                return index.row()  # the implant's order: AHL2 before AHL10
            return -1e9 if value is None else value
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        off = isinstance(value, float) and spec.nominal is not None and abs(value - spec.nominal) > _OFF_BY
        if role == Qt.ItemDataRole.ForegroundRole and off:
            return QColor(self._look.warning)
        if role == Qt.ItemDataRole.ToolTipRole:
            if off and isinstance(value, float) and spec.nominal is not None:
                return (
                    "Too narrow: it holds less often than it says"
                    if value < spec.nominal
                    else ("Too wide: it holds more often than it says")
                )
            return spec.tip
        return None

    def _value(self, row: int, field: str) -> str | float | None:
        line = self._lines[row]
        if field.startswith("mni"):
            return line.mni[int(field[3:])]
        value: str | float | None = getattr(line, field)
        return value

    @staticmethod
    def _text(value: str | float | None, spec: _Column) -> str:
        if isinstance(value, str):
            return f"{RECONSTRUCTED}{value}" if spec.field == "name" else value
        if value is None:
            return "–"
        if spec.nominal is not None:
            return _percent(value)
        return _number(value, 1 if spec.field.startswith("mni") else 2)


def _side(column: int) -> Qt.AlignmentFlag:
    """Words to the left, numbers to the right."""
    side = Qt.AlignmentFlag.AlignLeft if column < 2 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


class _Bars(QStyledItemDelegate):
    """A number on a bar from 0 to 1: a column is read at a glance, and each value exactly."""

    def __init__(self, look: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        value = index.data(_SORTED_BY)
        if isinstance(value, float) and value > 0:
            box = QRectF(option.rect).adjusted(UNIT, UNIT, -UNIT, -UNIT)
            box.setWidth(box.width() * min(value, 1.0))
            painter.fillRect(box, colour(self._look.band90 if not self._look.is_dark else self._look.band50))
        super().paint(painter, option, index)


def _contact_table(card: ModelCard) -> QTableView:
    table = QTableView()
    look = look_of(table)
    source = _Contacts(contact_lines(card), look, table)
    proxy = QSortFilterProxyModel(table)
    proxy.setSourceModel(source)
    proxy.setSortRole(_SORTED_BY)
    table.setModel(proxy)
    table.setSortingEnabled(True)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setAccessibleName("Contacts of the model")
    table.setCornerButtonEnabled(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(6 * UNIT)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    for number in _PLACE:
        header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(number, 16 * UNIT)
    header.setHighlightSections(False)
    header.setMinimumSectionSize(14 * UNIT)
    table.setStyleSheet(
        "QTableView::item { padding: 0 5px; } QHeaderView::section { padding: 12px 8px 4px 8px; }"
        "QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; }"
    )
    for number in (_R, _SPREAD):
        table.setItemDelegateForColumn(number, _Bars(look, table))
    return table


def _contact_page(table: QTableView) -> QWidget:
    page, layout = _page()
    layout.addWidget(
        said(
            "What the scalp says of each contact, and how often its bands held, on held-out data. Click a heading to "
            "sort; Ctrl+C copies the table.",
            "muted",
        )
    )
    layout.addWidget(WholeRows(table), 1)
    return page


# What it is made of ---------------------------------------------------------------------------------------------------


def _making_page(card: ModelCard) -> QWidget:
    page, layout = _page()
    form = QFormLayout()
    form.setHorizontalSpacing(6 * UNIT)
    form.setVerticalSpacing(2 * UNIT)
    for name, text in making_lines(card):
        heading = said(name, "muted")
        heading.setWordWrap(False)
        heading.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        form.addRow(heading, said(text, selectable=True))
    layout.addLayout(form)
    layout.addStretch(1)
    return page


def making_lines(card: ModelCard) -> tuple[tuple[str, str], ...]:
    """How the model was made and what it takes: names and values."""
    low, high = card.band
    limits = card.limits
    recipe = card.training.get("recipe")
    lines = [
        ("Made", card.created.replace("T", " ").replace("Z", " UTC")),
        ("Trained on", str(card.training.get("data", "not said"))),
    ]
    patients = card.training.get("patients")
    if isinstance(patients, int):
        lines.append(("Patients", f"{patients:,}"))
    if isinstance(recipe, Mapping):
        lines.append(("Recipe", ", ".join(f"{str(k).replace('_', ' ')} {_plain(v)}" for k, v in recipe.items())))
    lines += [
        ("Signals", f"{card.rate:g} Hz, {low:g} to {high:g} Hz"),
        ("Scalp", f"{card.fewest_sites} or more of {', '.join(card.sites)}"),
        (
            "Saw",
            f"scalp EEG of {limits.scalp_rms_low * 1e6:.0f} to {limits.scalp_rms_high * 1e6:.0f} µV rms; depth signals "
            f"up to {limits.largest_depth * 1e6:,.0f} µV",
        ),
        *((("Withholds", _withholds(limits)),) if limits.site_rms else ()),
        ("Implant", f"{card.implant.name}: {card.implant.source}"),
        ("Weights", f"{card.weights.bytes / 1e6:.1f} MB"),
        ("sha256", f"{card.weights.sha256[:32]} {card.weights.sha256[32:]}"),
    ]
    return tuple(lines)


def _withholds(limits: Limits) -> str:
    low, high = min(limits.site_rms) * 1e6, max(limits.site_rms) * 1e6
    return (
        f"a second in which a site is louder (limits of {low:.0f} to {high:.0f} µV rms) or the pattern over the head "
        "further off than in 999 of 1,000 seconds of its training"
    )


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return " to ".join(_plain(v) for v in value)
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _scrolled(page: QWidget) -> QScrollArea:
    """A page of words that scrolls where a low screen has no room for it."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    page.setObjectName("sheet")
    area.setStyleSheet("QScrollArea, QWidget#sheet { background: transparent; }")
    return area


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 4 * UNIT, 0, 0)
    layout.setSpacing(3 * UNIT)
    return page, layout
