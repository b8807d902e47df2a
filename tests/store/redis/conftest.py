from tests.valkey import link, redis_options, start_valkey, valkey

__all__ = ["link", "redis_options", "start_valkey", "valkey"]
