"""The accounts of one organisation, for whoever runs them."""
