"""Rights a household may not have claimed: estimated from a validated budget, by a worker, never in the pages."""
