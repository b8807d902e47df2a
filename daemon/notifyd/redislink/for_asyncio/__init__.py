"""Redis for libraries that bring an asyncio loop of their own."""
