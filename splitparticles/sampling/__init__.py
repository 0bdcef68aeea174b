"""`sample`: particles from a score; `diagnose`: reasons not to trust them."""
