"""The admin interface on a TCP port, for who shows the admin token."""
