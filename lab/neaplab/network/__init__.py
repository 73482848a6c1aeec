"""The private Tor network: its nodes, their keys and configuration, and how it comes up."""
