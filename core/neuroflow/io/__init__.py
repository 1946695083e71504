"""Files in and out: EDF, EDF+ and BDF."""
