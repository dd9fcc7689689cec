"""Generates the dialogues that the embedded model is trained on."""
