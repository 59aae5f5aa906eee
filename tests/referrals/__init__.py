"""Tests of needs and referrals."""
