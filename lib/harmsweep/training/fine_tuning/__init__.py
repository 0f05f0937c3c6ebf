"""Fine-tuning of a text encoder: its top layers go on learning, on a snapshot's train part."""
