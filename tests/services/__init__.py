"""What the tests lean on and did not write: databases, Redis, Chromium, a served Asterism."""
