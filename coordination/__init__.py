"""The shared case-coordination system of a food-aid network."""
