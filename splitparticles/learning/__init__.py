"""Learning of a score: an emulator of it that is tested by fresh rows."""
