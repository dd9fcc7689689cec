"""`python -m ai_server` is `naila`."""

from ai_server.cli import main

main()
