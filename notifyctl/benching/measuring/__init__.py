"""What a run measures, and what objectives make of it."""
