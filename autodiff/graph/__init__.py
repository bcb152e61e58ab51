"""What is recorded: the nodes, their order, and the modes that change what is recorded."""
