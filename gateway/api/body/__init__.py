"""Bodies of requests: JSON, multipart and files."""
