"""A function run on stand-ins, and what its trace knows."""
