"""Imports: the list an association keeps in a spreadsheet becomes household files, checked row by row first."""
