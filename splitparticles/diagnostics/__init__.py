"""Checks of scores, and reports."""
