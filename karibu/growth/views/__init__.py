"""Pages: the builder of forms, and what visitors of the shop meet."""
