"""Rules, lists and formats that classifier and labeling share; without torch and Django."""
