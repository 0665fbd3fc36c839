"""What travels through Kafka: the event types, their Avro schemas and the codec between the two."""
