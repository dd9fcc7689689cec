"""Finding what was said and is known."""
