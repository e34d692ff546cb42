"""The product with an analyzer that does nothing, so that what is measured is the loop of a job."""
