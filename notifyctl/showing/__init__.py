"""What commands print: the formats, tables, and how each kind of thing is shown."""
