"""Nodes that share a Redis: who is alive, and what they tell and ask each other."""
