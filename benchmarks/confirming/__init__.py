"""The product with a consumer that handles anything at once, so that what is measured is the redrive."""
