"""Tools that know no social word: actors, database sessions, errors, forms, pages."""
