"""Jobs of a BullMQ queue, taken in as notifications. `taker` alone needs the package bullmq, and runs in asyncio."""
