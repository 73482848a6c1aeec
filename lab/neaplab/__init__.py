"""The Tor relay experiment: one private network, one relay under test per allocator, the same load on all of them."""
