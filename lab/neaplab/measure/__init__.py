"""What the relays use: sampling, telemetry, the summary and its forms."""
