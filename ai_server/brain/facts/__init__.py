"""What people say of themselves and their world that is worth knowing for good."""
