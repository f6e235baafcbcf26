"""The pages, one subject a file: parse, authorise, one question, respond."""
