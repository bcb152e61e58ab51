"""Every operation, once, a file to a family; NumPy's protocols; the table of methods."""
