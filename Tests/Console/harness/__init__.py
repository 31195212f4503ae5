"""What the console's tests stand on: a broker, its devices, and a browser."""
