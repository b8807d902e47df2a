"""HTTP/1.1 as bytes: heads, chunks, answers, and streams of events."""
