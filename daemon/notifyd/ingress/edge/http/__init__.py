"""HTTP/1.1 on a link: reading requests, writing answers in order, streams, upgrades."""
