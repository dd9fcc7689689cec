"""Answers that a clock, a sensor or a table knows better and sooner than a language model."""
