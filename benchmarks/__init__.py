"""What the daemon costs beyond what it is built on."""
