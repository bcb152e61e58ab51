"""What an operation is: formula, rule, registry, how it is called and how it is pulled back."""
