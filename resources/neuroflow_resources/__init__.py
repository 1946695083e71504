"""Data only: model weights and cards, implants, icons, the demonstration recording."""
