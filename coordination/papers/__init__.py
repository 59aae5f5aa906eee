"""What is handed over on paper: for the partner, for the person."""
