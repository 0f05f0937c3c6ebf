"""What a day is judged by, as the lake has it."""
