"""The loop: move, grow, and again."""
