"""Events and the calls that tell of them."""
