"""From the settings to what each part of the daemon wants to be told."""
