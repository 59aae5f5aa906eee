"""Agreements: who accepted that whom sees which part, why and until when."""
