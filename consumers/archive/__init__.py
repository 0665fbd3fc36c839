"""The archive: predictions and reviews into a database, exactly once."""
