"""Kafka: settings, topics, clients, transactions, and the embedded broker."""
