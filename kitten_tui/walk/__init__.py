"""The guided walk: steps as data, what they do, what they claim and what they ask; no colour, no screen."""
