"""What the program is, what it is for, where its model came from, and whose work it stands on."""

from __future__ import annotations

import platform
import sys
from typing import Final

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from neuroflow import __version__
from neuroflow.export.provenance import PURPOSE
from neuroflow.flow.card import ModelCard
from neuroflow_review.dialogs.parts import Sheet, button, column, look_of, rule, said
from neuroflow_review.theme import UNIT, icon

LIBRARIES: Final = (
    ("Qt for Python", "PySide6-Essentials", "PySide6", "LGPL 3"),
    ("PyTorch", "torch", "torch", "BSD 3-Clause"),
    ("safetensors", "safetensors", "safetensors", "Apache 2.0"),
    ("MNE-Python", "mne", "mne", "BSD 3-Clause"),
    ("NumPy", "numpy", "numpy", "BSD 3-Clause"),
    ("SciPy", "scipy", "scipy", "BSD 3-Clause"),
    ("edfio", "edfio", "edfio", "Apache 2.0"),
    ("PyEDFlib and EDFlib", "pyedflib", "pyedflib", "BSD"),
    ("msgspec", "msgspec", "msgspec", "BSD 3-Clause"),
    ("platformdirs", "platformdirs", "platformdirs", "MIT"),
    ("structlog", "structlog", "structlog", "MIT or Apache 2.0"),
    ("cmap", "cmap", "cmap", "BSD 3-Clause"),
    ("Phosphor Icons", "", "", "MIT"),
    ("Python", "", "", "PSF 2"),
)
"""Name, distribution, module and licence of what the program uses."""


class AboutDialog(Sheet):
    """About the program; ``card`` is of the model at hand, None where there is none."""

    def __init__(self, card: ModelCard | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About NeuroFlow Review")
        self.setMinimumWidth(560)
        self._card = card
        look = look_of(self)
        sign = QLabel()
        sign.setPixmap(icon("activity", look, token="recon_line").pixmap(QSize(12 * UNIT, 12 * UNIT)))
        title = said("NeuroFlow Review", step=7, bold=True)
        version = said(f"Version {__version__}", "muted", selectable=True)
        names = QGridLayout()
        names.setHorizontalSpacing(4 * UNIT)
        names.setVerticalSpacing(0)
        names.addWidget(sign, 0, 0, 2, 1)
        names.addWidget(title, 0, 1)
        names.addWidget(version, 1, 1)
        names.setColumnStretch(1, 1)

        layout = column(self)
        layout.addLayout(names)
        layout.addWidget(
            said(
                "Shows scalp EEG, and reconstructs from it what depth electrodes might have recorded: not one signal, "
                "but a distribution."
            )
        )
        self.purpose = said(f"Intended use: {PURPOSE}.", bold=True)
        layout.addWidget(self.purpose)
        layout.addWidget(rule())
        layout.addWidget(said("The model", "heading"))
        self.model = said(_model_text(card), selectable=True)
        layout.addWidget(self.model)
        layout.addWidget(rule())
        layout.addWidget(said("With thanks to", "heading"))
        layout.addLayout(_libraries())
        layout.addWidget(said("NeuroFlow Review itself: BSD 3-Clause licence, no warranty.", "muted"))

        self.copy_button = button("&Copy", "Copy the versions, to send them with a question")
        self.close_button = button("Close", "Close (Esc)", default=True)
        bottom = QHBoxLayout()
        bottom.setSpacing(2 * UNIT)
        bottom.addStretch(1)
        bottom.addWidget(self.copy_button)
        bottom.addWidget(self.close_button)
        layout.addSpacing(UNIT)
        layout.addLayout(bottom)
        self.copy_button.clicked.connect(self.copy)
        self.close_button.clicked.connect(self.accept)
        self.close_button.setFocus()

    def copy(self) -> None:
        """Put everything that a question about the program needs on the clipboard."""
        QGuiApplication.clipboard().setText(versions(self._card))
        self.copy_button.setText("Copied")


def versions(card: ModelCard | None) -> str:
    """Versions of the program, the system, the libraries that are loaded, and the model, a line each."""
    lines = [
        f"NeuroFlow Review {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})",
        f"Qt {qVersion()}",
    ]
    lines += [f"{name} {version}" for name, _, module, _ in LIBRARIES if (version := _loaded(module))]
    if card is not None:
        lines.append(f"Model {card.name} {card.version}, weights sha256 {card.weights.sha256}")
    return "\n".join(lines)


def _loaded(module: str) -> str:
    """Version of a library that is in memory already; loading one only to ask would take seconds."""
    return str(getattr(sys.modules.get(module), "__version__", ""))


def _model_text(card: ModelCard | None) -> str:
    if card is None:
        return "No model is installed: recordings can be viewed, and not reconstructed."
    data = card.training.get("data")
    taught = f" Trained on {data}." if isinstance(data, str) and data else ""
    return (
        f"{card.name}, version {card.version}, made {card.created[:10]}."
        f"{taught} Places of the contacts: {card.implant.source}"
    )


def _libraries() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(4 * UNIT)
    grid.setVerticalSpacing(UNIT)
    rows = -(-len(LIBRARIES) // 2)
    for number, (name, _, _, licence) in enumerate(LIBRARIES):
        row, side = number % rows, 2 * (number // rows)
        left, right = said(name), said(licence, "muted")
        for label in (left, right):
            label.setWordWrap(False)
        grid.addWidget(left, row, side)
        grid.addWidget(right, row, side + 1, Qt.AlignmentFlag.AlignLeft)
    grid.setColumnStretch(1, 1)
    grid.setColumnStretch(3, 1)
    return grid
