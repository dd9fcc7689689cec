"""The subcommands of `naila`, one module each."""
