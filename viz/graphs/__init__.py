"""How a graph becomes a picture: what is shown of it, how it is grouped, how it is drawn."""
