"""What mistakes cost: entered by people, charged to models."""
