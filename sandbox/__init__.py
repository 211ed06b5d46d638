"""A stand-in for the internal services: see README.md beside this file for the dialect it speaks."""
