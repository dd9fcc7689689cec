"""What was said and what is known: one database."""
