"""How loops are compiled, kept, laid out and shared among threads."""
