"""Reviews by several people, and the label sets made of them."""
