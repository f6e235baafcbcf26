"""What networks are measured on: the labels of the control sample."""
