"""One-hidden-layer networks: neurons as particles."""
