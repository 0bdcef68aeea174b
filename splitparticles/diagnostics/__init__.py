"""Checks of scores and of results."""
