"""What an utterance is for."""
