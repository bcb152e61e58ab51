"""Programs as text: names, expressions, trees, what a target language writes otherwise."""
