"""Rules as pure functions, without the database."""
