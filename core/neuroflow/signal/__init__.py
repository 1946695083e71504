"""Pure functions on arrays: montage, filters, resampling, spectra, envelopes, order statistics."""
