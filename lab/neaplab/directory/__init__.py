"""The inflated directory: synthetic relays, signed as real ones are, and their renewal."""
