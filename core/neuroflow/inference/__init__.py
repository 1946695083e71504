"""Tiles of samples: preparation of the scalp EEG, device choice, noise, cache, bands."""
