"""`sample`: particles from a score."""
