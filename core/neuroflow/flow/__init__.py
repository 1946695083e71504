"""The conditional normalizing flow: torch only, no files of recordings."""
