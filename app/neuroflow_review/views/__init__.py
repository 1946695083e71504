"""What the window shows; views read state and emit intents."""
