"""gRPC for applications, on GRPC_PORT."""
