"""NAILA, the brain of small robots."""

__version__ = "0.1.0"
