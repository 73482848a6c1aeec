"""The load: directory sessions by a client of its own and bulk transfers by tor clients."""
