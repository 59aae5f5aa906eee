"""The demonstration: fictional networks, people and households, drawn from a fixed seed and marked as such."""
