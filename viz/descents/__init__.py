"""Descents: where optimisers have walked on a loss, as figures and as a player."""
