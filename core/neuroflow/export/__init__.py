"""Reconstructions written to files."""

from neuroflow.export.bids import Dataset, export_bids
from neuroflow.export.edf import ExportReport, export_reconstruction
from neuroflow.export.plan import CHANNELS, ExportRequest, make_plan
from neuroflow.inference.tile import Withheld

__all__ = [
    "CHANNELS",
    "Dataset",
    "ExportReport",
    "ExportRequest",
    "Withheld",
    "export_bids",
    "export_reconstruction",
    "make_plan",
]
