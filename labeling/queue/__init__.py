"""What one expert is given next."""
