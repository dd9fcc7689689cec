"""What the brain makes of an utterance: intent, memory, skill or respond."""
