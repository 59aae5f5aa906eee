"""Tests of the tool box."""
