"""`compress`: particles from draws."""
