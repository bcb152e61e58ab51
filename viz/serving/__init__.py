"""The bench: a page on one's own machine, for any expression that is typed into it."""
