"""What the networks and the web application share; imports neither torch nor Django."""
