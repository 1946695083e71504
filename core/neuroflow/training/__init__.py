"""Training of the flow on simulated patients."""
