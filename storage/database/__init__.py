"""The archive's database: tables, connections, migrations, queries and retention."""
