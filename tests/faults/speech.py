"""What simulated robots say, and what their bodies can do."""

from __future__ import annotations

WORDS = ("hello", "what time is it", "tell me about the moon", "how is your battery", "do you like music")
DRIVE = "drive forward 50 centimetres"
BODY = {
    "actions": [
        {
            "name": "move",
            "parameters": {
                "properties": {
                    "direction": {"type": "string", "enum": ["forward", "backward"]},
                    "distance_cm": {"type": "integer", "minimum": 1, "maximum": 200},
                }
            },
        }
    ]
}
