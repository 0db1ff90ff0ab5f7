"""nginx that asks Latchkey; nginx_auth_request.py runs all parts."""
