"""From a robot's message to the answer: taken in, put in line, thought about, sent."""
