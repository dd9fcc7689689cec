"""`naila memory` and `naila personality`: what the robots remember, for their owner."""
