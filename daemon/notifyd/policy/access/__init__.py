"""Who may do what: clients, their keys and tokens, operators' sessions, and how much each may ask."""
