"""Small transformers that learn a task, from random matrices to trained ones."""
