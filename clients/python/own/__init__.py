"""Clients' own integration tests, out of their published sources: python -m own SUITE..."""
