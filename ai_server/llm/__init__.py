"""Turning a chat into a stream of events: the engine, and the fallback that speaks without one."""
