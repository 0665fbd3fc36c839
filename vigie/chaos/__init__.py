"""Worker and broker killed on purpose, and what comes out held against what went in."""
