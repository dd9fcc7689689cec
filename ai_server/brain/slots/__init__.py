"""What words say exactly: numbers, durations, clock times, dates, names."""

SlotValue = str | int | float | bool
"""A slot as skills take it: a `duration` in seconds, a `time` as HH:MM, a `date` as YYYY-MM-DD, else words."""
