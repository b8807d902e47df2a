"""The REST interface: its operations, the bodies they take and give, and the document that tells of them."""
