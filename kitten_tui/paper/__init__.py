"""The second front end, without a screen: plain text, JSON, checks. It keeps the first one honest."""
