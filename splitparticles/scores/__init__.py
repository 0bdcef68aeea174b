"""Scores: gradients of log densities, counted and differentiated."""
