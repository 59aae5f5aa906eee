"""Tests of the reste à vivre."""
