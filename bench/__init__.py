"""Measures: the search on a public set of names, and the pages at a thousand and at a million households."""
