"""Labels, positions and properties of the candidates on which networks are measured."""
