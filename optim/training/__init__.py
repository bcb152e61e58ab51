"""The loop that trains a model, what it notes, and where it can go on."""
