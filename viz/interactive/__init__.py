"""The interactive page of a graph: its data, the program that it carries, and the file."""
