"""What NAILA promises when something dies: scenarios that `make test` runs briefly and `make soak` at length."""
