"""What a worker writes: notes, contacts, tasks, the referent of a file, and its timeline."""
