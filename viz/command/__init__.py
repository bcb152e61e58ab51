"""The command line: what is asked for, of what, checked, told and written to files."""
