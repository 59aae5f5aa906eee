"""The suite: sentences about a fixed cast."""
