"""Modes of a target known by its score, and their masses."""
