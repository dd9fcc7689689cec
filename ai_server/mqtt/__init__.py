"""paho-mqtt on one side, asyncio on the other."""
