"""Functions as programs: derive and compile."""
