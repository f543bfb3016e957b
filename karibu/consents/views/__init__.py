"""Pages: a customer's consents, topics, suppressions, and what people see of it themselves."""
