"""What developers read: the OpenAPI documents, the reference page and the guides, in the dress of each brand."""
