"""The admin interface: gRPC over a Unix socket."""

import os

# grpc's C core would write lines of its own between the records on standard error; it reads this when it is loaded
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
