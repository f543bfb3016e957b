"""Pages of messages: `public` for the people written to, the others for colleagues."""
