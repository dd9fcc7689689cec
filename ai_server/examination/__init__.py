"""How well a model answers as a robot: fixed sets, asked and judged. They travel with the source tree only."""
