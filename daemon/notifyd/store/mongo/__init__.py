"""Records on MongoDB: nothing here is imported before an operator chooses it, for its driver takes time and memory."""
