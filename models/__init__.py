"""What is stored: SQLModel tables, the states that rows go through, and the rules of the domain."""
