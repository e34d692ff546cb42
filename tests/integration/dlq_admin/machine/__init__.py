"""Dead letters under every order of what can happen to them, and what must hold then."""
