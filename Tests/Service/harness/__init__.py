"""What the scenarios are made of: real processes, a device that is played, and deadlines."""
