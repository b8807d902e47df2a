"""Commands to Redis: handed in on a line, sent where their keys are, and answered."""
