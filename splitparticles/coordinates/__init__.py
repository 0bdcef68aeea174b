"""Changes of variables in which a target is about as wide everywhere."""
