"""Values as operators write and read them: lengths of time, instants, positions, sizes."""
