"""REST as a client of the schema: JSON:API documents in, GraphQL operations through, JSON:API out."""
