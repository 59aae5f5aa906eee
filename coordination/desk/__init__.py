"""The desk: today's work for each role, and the pages of help."""
