"""The table and the three forms it is written in."""
