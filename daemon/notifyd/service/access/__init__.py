"""Who is behind a credential, and how much it may ask."""
