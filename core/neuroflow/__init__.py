"""The engine of NeuroFlow Review: reading EEG, the conditional flow, its inference, and export. No Qt."""

__version__ = "0.1.0"
