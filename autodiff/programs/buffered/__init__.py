"""Programs of single NumPy calls that write into buffers kept from call to call."""
