import Glibc

/// Prints a line now, also into a pipe: whoever reads it wants to know where a long run is.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
