"""What owners do with what is remembered: see, correct, take along and erase it."""
