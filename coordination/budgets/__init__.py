"""Resources, charges and the reste à vivre: exact, explained, by the barème of each partner."""
